//! Erase a person in this workspace: names, addresses and words go; posts, decisions and the audit log stay, and lead to
//! nobody. Who is still a member is removed first. The person's other workspaces are left alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        confirm::Question,
        members::{
            admins, keeps_an_admin,
            stop::{self, Stopped},
        },
        notifications::tell::{News, tell_members},
        privacy::subject,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::MemberId,
    model::roles::Permission,
    store::{
        privacy::{erase, knowledge},
        tokens,
        workspaces::{self, Member},
    },
};

/// Shorter names occur in words that are not about the person.
const NAME_LEAST: usize = 2;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonErase {
    /// Left out: you.
    #[serde(default)]
    pub member_id: Option<MemberId>,
    /// Who goes on with posts, series and recycling.
    #[serde(default)]
    pub hand_over_to: Option<MemberId>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PersonErased {
    pub message: String,
    /// Missing for who had left before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// Values in the audit log that nobody can open any more.
    pub openings: u64,
}

impl UseCase for PersonErase {
    type Input = Self;
    type Output = PersonErased;
    type Form = Locally;
    const NAME: &'static str = "person_erase";
    const NEEDS: Permission = Permission::ErasePerson;
    const EFFECT: Effect = Effect::Destructive;
    const DECIDES: bool = true;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let member = subject(scope, input.member_id).await?;
        let present = member.removed_at.is_none();
        if present {
            keeps_an_admin(scope, member.member_id).await?;
        }
        let extent = erase::extent(scope.tx, scope.ctx.workspace, member.member_id).await?;
        let leaves = if present { " They leave the workspace: keys and connections stop working." } else { "" };
        let text = format!(
            "Erase what is kept about {} in this workspace? It cannot be taken back.{leaves} Removed: name, mail address, the \
             words of {} comment(s) and {} closed task(s), {} notification(s), {} question(s) to the documents, and what opens their words in the audit log. \
             {} post(s) stay, without a name, and so do decisions and the audit log, by ids. What is public on networks \
             stays there.",
            member.display_name, extent.comments, extent.tasks, extent.notifications, extent.questions, extent.posts
        );
        let version = format!("{} {present} {}", member.role.as_str(), member.display_name);
        Ok(Some(Question { text, version }))
    }
}

impl Local for PersonErase {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PersonErased> {
        let workspace = scope.ctx.workspace;
        workspaces::lock_members(scope.tx, workspace).await?;
        let member = subject(scope, input.member_id).await?;
        let stopped = match member.removed_at {
            Some(_) => None,
            None => {
                keeps_an_admin(scope, member.member_id).await?;
                Some(stop::remove(scope, &member, input.hand_over_to).await?)
            }
        };
        let openings = erase(scope, &member).await?;
        scope.changed("member", member.member_id, json!({ "erased": true, "openings": openings }));
        let admins = admins(scope).await?;
        let news = News {
            code: "member_erased",
            title: "Somebody's personal data was erased",
            cause: &format!("It was asked for; the membership was {}.", member.member_id),
            next_step: "Nothing has to be done, unless posts of theirs are to go on: `allin held list`.",
        };
        tell_members(scope, &admins, news).await?;
        let message = "Erased: name, address and words are gone. Posts, decisions and the audit log stay, without a name. \
                       Backups that were made before still have it: let them run out.";
        Ok(PersonErased { message: message.into(), stopped, openings })
    }
}

/// Everything that is tied to the member, as `model/privacy` says. Returns how many openings went.
async fn erase(scope: &mut Scope<'_>, member: &Member) -> Result<u64> {
    let (workspace, id) = (scope.ctx.workspace, member.member_id);
    let blank = scope.new_id();
    let email = erase::person(scope.tx, workspace, id, blank, scope.now).await?;
    erase::own_words(scope.tx, workspace, id, scope.now).await?;
    knowledge::own(scope.tx, workspace, id, scope.now).await?;
    erase::decision_words(scope.tx, workspace, Some(id), None).await?;
    for invitation in erase::invitations(scope.tx, workspace, Some(id), email.as_deref()).await? {
        tokens::drop_of(scope.tx, workspace, invitation.uuid()).await?;
    }
    if let Some(email) = &email {
        for (reviewer, removed) in erase::reviewers(scope.tx, workspace, email).await? {
            if removed {
                erase::reviewer(scope.tx, workspace, reviewer).await?;
                erase::decision_words(scope.tx, workspace, None, Some(reviewer)).await?;
            }
        }
    }
    let name = member.display_name.trim();
    let telling = name.chars().count() >= NAME_LEAST && name != crate::model::privacy::ERASED_MEMBER;
    let mut known_as: Vec<String> = email.into_iter().collect();
    if telling {
        erase::name_in_words(scope.tx, workspace, id, &whole_word(name)).await?;
        knowledge::name_in_words(scope.tx, workspace, &whole_word(name)).await?;
        known_as.push(name.to_owned());
    }
    erase::results(scope.tx, workspace, id, &known_as).await?;
    erase::openings(scope.tx, workspace, id, &known_as).await
}

/// A regular expression of PostgreSQL that finds a name where it is no part of another word.
fn whole_word(name: &str) -> String {
    let mut pattern = String::from("(?<!\\w)");
    for c in name.chars() {
        if !c.is_alphanumeric() && !c.is_whitespace() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern + "(?!\\w)"
}
