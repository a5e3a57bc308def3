//! Say something about a post, or answer what was said. Those mentioned are told, then those who wrote the post and in the
//! thread; what is told names no words, so that a deleted comment is gone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::{
        comments::{CommentView, MemberName, name, no_such_comment, view},
        members::actors::Everybody,
        notifications::{
            note::short,
            tell::{Word, tell},
        },
        posts::{seen, sees},
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{CommentId, MemberId, PostId},
    model::{
        mentions::{self, Mention},
        notifications::NotificationKind,
        prose,
        roles::Permission,
    },
    store::{
        comments::{self, Comment},
        posts::Post,
    },
};

/// Characters in a comment.
const TEXT_MOST: usize = 5000;
/// Different mentions in a comment.
const MENTIONS_MOST: usize = 20;
/// Comments on a post.
const COMMENTS_MOST: i64 = 1000;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentAdd {
    pub post_id: PostId,
    /// Plain text. `@Anna`, `@"Anna Berg"` or `@` and a member's id mentions somebody, who is told.
    #[schemars(length(min = 1, max = 5000))]
    pub text: String,
    /// The comment that is answered; an answer to an answer joins its thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<CommentId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CommentAdded {
    pub message: String,
    pub comment: CommentView,
    /// What was written with an @ and what came of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<MentionView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MentionView {
    /// As it is written.
    pub text: String,
    pub outcome: MentionOutcome,
    /// Whom it means, or can mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum MentionOutcome {
    Told,
    /// The caller.
    Yourself,
    /// The member does not see this post, and was not told.
    CannotSee,
    /// It can mean several members; none was told.
    Ambiguous,
    /// Nobody in the workspace has that name.
    Unknown,
}

impl UseCase for CommentAdd {
    type Input = Self;
    type Output = CommentAdded;
    type Form = Locally;
    const NAME: &'static str = "comment_add";
    const NEEDS: Permission = Permission::WriteComments;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;

    /// Without the words: when the comment is deleted, they are gone.
    fn keep(output: &CommentAdded) -> Result<Value> {
        let mut kept = output.clone();
        kept.comment.text = None;
        serde_json::to_value(kept).map_err(Error::internal)
    }
}

impl Local for CommentAdd {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<CommentAdded> {
        let (workspace, now) = (scope.ctx.workspace, scope.now);
        let member = scope.ctx.member().ok_or_else(|| Error::invalid("no_member", "Only members comment."))?;
        let text = prose::lines(&input.text);
        check_text(&text.text)?;
        let post = seen(scope, input.post_id).await?;
        let thread = match input.reply_to {
            Some(id) => Some(thread_of(scope, &post, id).await?),
            None => None,
        };
        if comments::count(scope.tx, workspace, post.post_id).await? >= COMMENTS_MOST {
            return Err(Error::limit("too_many_comments", format!("The post has {COMMENTS_MOST} comments already."))
                .next("Delete what is settled with comment_delete."));
        }
        let everybody = Everybody::load(scope).await?;
        let mentions = resolve(&text.text, &everybody, &post, member)?;
        let told: Vec<MemberId> = mentions
            .iter()
            .filter(|mention| mention.outcome == MentionOutcome::Told)
            .flat_map(|mention| mention.members.iter().map(|member| member.id))
            .collect();
        let comment = Comment {
            comment_id: scope.new_id(),
            post_id: post.post_id,
            member_id: member,
            member_name: name(&everybody, member),
            actor: scope.ctx.actor.key(),
            reply_to: thread,
            post_version: post.version,
            text: Some(text.text),
            mentioned: distinct(&told).into_iter().map(MemberId::uuid).collect(),
            created_at: now,
            deleted_at: None,
            deleted_by: None,
        };
        comments::insert(scope.tx, workspace, &comment).await?;
        let words = words(scope, &post, &comment, &told, &everybody).await?;
        tell(scope.app, scope.tx, workspace, &words, now).await?;
        let how = json!({ "post": post.post_id, "reply_to": thread, "mentioned": told });
        scope.changed("comment", comment.comment_id, how);
        scope.changed("post", post.post_id, json!({ "commented": true }));
        let warnings = mentions.iter().filter_map(MentionView::warning).chain(removed(text.removed)).collect();
        let message = match distinct(&told).len() {
            0 => "Comment added.".to_owned(),
            count => format!("Comment added; {count} mentioned and told."),
        };
        let comment = view(comment, &everybody, &scope.entered.time_zone);
        Ok(CommentAdded { message, comment, mentions, warnings })
    }
}

fn check_text(text: &str) -> Result<()> {
    if text.chars().count() <= TEXT_MOST && prose::says_something(text) {
        return Ok(());
    }
    Err(Error::invalid("comment_malformed", "The comment is empty or too long.")
        .field("text", format!("1 to {TEXT_MOST} characters that can be seen")))
}

fn removed(count: usize) -> Option<String> {
    (count > 0).then(|| format!("{count} invisible character(s) were left out."))
}

/// The comment that began the thread of this one.
async fn thread_of(scope: &mut Scope<'_>, post: &Post, id: CommentId) -> Result<CommentId> {
    let found = comments::get(scope.tx, scope.ctx.workspace, id).await?;
    let found = found.filter(|comment| comment.post_id == post.post_id).ok_or_else(no_such_comment)?;
    Ok(found.reply_to.unwrap_or(id))
}

/// What came of each mention.
fn resolve(text: &str, everybody: &Everybody, post: &Post, writer: MemberId) -> Result<Vec<MentionView>> {
    let here: Vec<_> = everybody.all().iter().filter(|member| member.removed_at.is_none()).collect();
    let people: Vec<_> = here.iter().map(|member| (member.member_id, prose::line(&member.display_name))).collect();
    let found = mentions::find(text, &people);
    if found.len() > MENTIONS_MOST {
        return Err(Error::invalid("too_many_mentions", format!("A comment mentions at most {MENTIONS_MOST} people."))
            .next("Mention those who have to act; everybody who sees the post sees the comment.")
            .field("text", format!("at most {MENTIONS_MOST} different mentions, not {}", found.len())));
    }
    let sees = |id: MemberId| {
        here.iter().any(|member| member.member_id == id && sees(post, member.role, Some(member.member_id)))
    };
    let view = |mention: Mention| MentionView {
        outcome: match mention.members.as_slice() {
            [] => MentionOutcome::Unknown,
            [only] if *only == writer => MentionOutcome::Yourself,
            [only] if sees(*only) => MentionOutcome::Told,
            [_] => MentionOutcome::CannotSee,
            _ => MentionOutcome::Ambiguous,
        },
        text: mention.text,
        members: mention.members.into_iter().map(|id| MemberName { id, name: name(everybody, id) }).collect(),
    };
    Ok(found.into_iter().map(view).collect())
}

impl MentionView {
    fn warning(&self) -> Option<String> {
        let names: Vec<_> = self.members.iter().map(|member| format!("{} ({})", member.name, member.id)).collect();
        match self.outcome {
            MentionOutcome::Told | MentionOutcome::Yourself => None,
            MentionOutcome::CannotSee => Some(format!("{} does not see this post and was not told.", names.concat())),
            MentionOutcome::Ambiguous => Some(format!(
                "{} can mean {}; nobody was told. Write the whole name in quotes, or @ and the id.",
                self.text,
                names.join(" or ")
            )),
            MentionOutcome::Unknown => Some(format!("Nobody here is called {}.", self.text)),
        }
    }
}

fn distinct(ids: &[MemberId]) -> Vec<MemberId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Everybody is told once, of what concerns them most.
async fn words(
    scope: &mut Scope<'_>,
    post: &Post,
    comment: &Comment,
    told: &[MemberId],
    everybody: &Everybody,
) -> Result<Vec<Word>> {
    let mut others = match comment.reply_to {
        Some(thread) => comments::writers(scope.tx, scope.ctx.workspace, thread).await?,
        None => Vec::new(),
    };
    others.push(post.author_id);
    others.retain(|id| {
        let member = everybody.find(*id).filter(|member| member.removed_at.is_none());
        *id != comment.member_id
            && !told.contains(id)
            && member.is_some_and(|member| sees(post, member.role, Some(*id)))
    });
    let writer = &comment.member_name;
    let what = format!("“{}”", short(&prose::line(post.title.as_deref().unwrap_or(&post.excerpt)), 60));
    let word = |kind, to, code, title| Word {
        kind,
        to,
        post: Some(post.post_id),
        code,
        title,
        cause: format!("The comment is {}, on version {} of the post.", comment.comment_id, comment.post_version),
        next_step: format!(
            "Read it with comment_list (post_id {}) or `allin comment list`, and answer with comment_add.",
            post.post_id
        ),
    };
    let answered = comment.reply_to.is_some();
    let (code, said) = if answered { ("answered", "answered in a comment on") } else { ("commented", "commented on") };
    Ok(vec![
        word(
            NotificationKind::Mention,
            told.to_vec(),
            "mentioned",
            format!("{writer} mentioned you in a comment on {what}"),
        ),
        word(NotificationKind::Comment, others, code, format!("{writer} {said} {what}")),
    ])
}
