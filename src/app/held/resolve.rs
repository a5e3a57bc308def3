//! Settle what became of a call whose outcome nobody knows: look again, or a person says whether it is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::{
        App,
        confirm::Question,
        ctx::Ctx,
        held::settle::{Found, settle},
        posts::{
            content, lock, save,
            view::{self, PostChanged},
        },
        publishing::{
            look::quiet_from,
            outgoing, reconcile,
            tokens::{self, SignedIn},
        },
        receipts::issue,
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    clients::networks::{Failure, FailureKind, Outgoing, Reconciled, Remote as Public, Search, Sighting},
    error::{Error, Result},
    ids::{AttemptId, PostId, TargetId},
    model::{roles::Permission, states::TargetState, times},
    store::{
        attempts::{self, Attempt},
        ledger::{self, Sender},
        posts::Post,
        targets::{self, Target},
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldResolve {
    pub post_id: PostId,
    /// As held_list shows it; another one is refused.
    pub attempt_id: AttemptId,
    pub outcome: Verdict,
    /// published: its link or id on the network, which is checked there where that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub link: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Verdict {
    /// It is public.
    Published,
    /// It is not, and may be sent again.
    NotPublished,
    /// Ask the network once more.
    LookAgain,
}

impl UseCase for HeldResolve {
    type Input = Self;
    type Output = PostChanged;
    type Form = Remotely;
    const NAME: &'static str = "held_resolve";
    const NEEDS: Permission = Permission::PublishPosts;
    const EFFECT: Effect = Effect::Public;

    /// Looking again is asked of nobody.
    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let case = Case::find(scope, input.post_id, input.attempt_id).await?;
        let (handle, network, excerpt) = (&case.target.handle, &case.target.network, &case.post.excerpt);
        let since = times::spoken(case.attempt.armed_at, &scope.entered.time_zone);
        let evidence = case.attempt.evidence.as_deref().unwrap_or("nothing is known of it");
        let text = match (input.outcome, &input.link) {
            (Verdict::LookAgain, _) => return Ok(None),
            (Verdict::Published, Some(link)) => format!(
                "Is “{excerpt}”, sent to @{handle} ({network}) {since}, public as {link}? ({evidence}) It will not be sent again."
            ),
            (Verdict::Published, None) => return Err(link_missing()),
            (Verdict::NotPublished, _) => format!(
                "Did you look, and “{excerpt}”, sent to @{handle} ({network}) {since}, is not there? ({evidence}) It may then be \
                 sent again; if it is there after all, it will be there twice."
            ),
        };
        Ok(Some(Question { text, version: format!("{}/{}", case.attempt.attempt_id, case.post.version) }))
    }
}

fn link_missing() -> Error {
    Error::invalid("link_missing", "Say where it is.")
        .next("Open it on the network and pass its link or id as `link`.")
        .field("link", "needed when it is published")
}

/// The attempt with everything around it, as the database has it now.
struct Case {
    post: Post,
    all: Vec<Target>,
    target: Target,
    attempt: Attempt,
}

impl Case {
    /// Refuses what is not this caller's to settle, and what is settled.
    async fn find(scope: &mut Scope<'_>, post: PostId, id: AttemptId) -> Result<Self> {
        let (post, all) = lock(scope, post).await?;
        let mut found = None;
        for target in &all {
            let attempts = attempts::of_target(scope.tx, scope.ctx.workspace, target.target_id).await?;
            if let Some(attempt) = attempts.into_iter().find(|attempt| attempt.attempt_id == id) {
                found = Some((target.clone(), attempt));
            }
        }
        let (target, attempt) = found.ok_or_else(|| {
            Error::not_found("attempt_not_found", format!("The post has no attempt {id}."))
                .next("held_list shows the open attempts.")
        })?;
        content::may_use(scope, &[target.account_id]).await?;
        if !matches!(attempt.state.as_str(), "unknown" | "armed") {
            return Err(Error::conflict("outcome_known", format!("That attempt is {} by now.", attempt.state))
                .next("Read the post with post_get."));
        }
        if target.state != TargetState::Held {
            return Err(Error::conflict(
                "state_forbids",
                format!("The post on @{} is {}: its outcome is being looked up.", target.handle, target.state.as_str()),
            )
            .next("Wait: it is settled by itself, or held for you to settle."));
        }
        if scope.now < quiet_from(scope.app, &attempt) {
            return Err(Error::conflict("answer_under_way", "Its answer may still be on the way.")
                .next("Wait a minute, then repeat this.")
                .retry(crate::error::Retry::After { seconds: 60 }));
        }
        Ok(Self { post, all, target, attempt })
    }
}

pub struct Plan {
    post: PostId,
    target: TargetId,
    attempt: AttemptId,
    verdict: Verdict,
    link: Option<String>,
    sender: Sender,
    outgoing: Outgoing,
    search: Search,
}

pub struct Settled {
    plan: Plan,
    found: Found,
}

impl Remote for HeldResolve {
    type Plan = Plan;
    type Outcome = Settled;

    /// Changes nothing: whoever dies before the end leaves the post held as it was.
    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        let case = Case::find(scope, input.post_id, input.attempt_id).await?;
        let link = input.link.map(|link| link.trim().to_owned()).filter(|link| !link.is_empty());
        if input.outcome == Verdict::Published && link.is_none() {
            return Err(link_missing());
        }
        let workspace = scope.ctx.workspace;
        let segments = targets::segments(scope.tx, workspace, &[case.target.target_id]).await?;
        let segment = segments.iter().find(|segment| segment.ordinal == case.attempt.ordinal);
        let segment = segment.ok_or_else(|| {
            Error::conflict("content_changed", "The message that was sent has been changed since.")
                .next("Look on the network, then delete the post here and write a new one.")
        })?;
        let media = outgoing::media(scope.tx, workspace, segment, false).await?;
        let outgoing = outgoing::build(&segments, segment, media, case.attempt.armed_at)?;
        let search = reconcile::search(scope.app, scope.tx, workspace, &case.target, segment, &case.attempt).await?;
        let sender = ledger::senders(scope.tx, workspace, &[case.target.account_id.uuid()]).await?.pop();
        let sender = sender.ok_or_else(|| Error::internal("a target without an account"))?;
        let named = scope.committed(link.as_deref()).await?;
        let how = json!({ "attempt": case.attempt.attempt_id, "said": input.outcome, "link": named });
        scope.changed("target", case.target.target_id, how);
        Ok(Plan {
            post: case.post.post_id,
            target: case.target.target_id,
            attempt: case.attempt.attempt_id,
            verdict: input.outcome,
            link,
            sender,
            outgoing,
            search,
        })
    }

    async fn call(app: &App, ctx: &Ctx, plan: Plan) -> Result<Settled> {
        let found = match plan.link.as_deref().filter(|_| plan.verdict == Verdict::Published) {
            Some(link) => named(app, ctx, &plan, link).await?,
            None => looked_up(app, ctx, &plan).await?,
        };
        Ok(Settled { plan, found })
    }

    async fn finish(scope: &mut Scope<'_>, settled: Settled) -> Result<PostChanged> {
        let Settled { plan, found } = settled;
        // Somebody may have settled it while the network was asked: then this answer counts for nothing.
        let Case { post, mut all, attempt, .. } = Case::find(scope, plan.post, plan.attempt).await?;
        let target = all.iter_mut().find(|target| target.target_id == plan.target);
        let target = target.ok_or_else(|| Error::internal("the attempt's target is gone"))?;
        let (message, how) = settle(scope, target, &attempt, found).await?;
        let public = all.iter().any(|target| target.target_id == plan.target && target.state == TargetState::Published);
        save(scope, post.post_id, &all).await?;
        if public {
            issue(scope.app, scope.tx, scope.ctx.workspace, &[plan.target], scope.now).await?;
        }
        scope.changed("target", plan.target, how);
        let view = view::load(scope, post.post_id).await?;
        Ok(PostChanged { message, post: view, warnings: Vec::new() })
    }
}

/// Checks the place that the person named, where the network can be asked about it.
async fn named(app: &App, ctx: &Ctx, plan: &Plan, link: &str) -> Result<Found> {
    let on_their_word = || {
        let url = link.starts_with("https://").then(|| link.to_owned());
        Found::There { remote: Public { id: link.to_owned(), url, detail: Value::Null }, checked: false }
    };
    match sighted(app, ctx, plan, link).await? {
        Ok(Sighting::There(remote)) if plan.search.others.contains(&remote.id) => {
            Err(not_there("that is another post of yours with the same text"))
        }
        Ok(Sighting::There(remote)) => Ok(Found::There { remote, checked: true }),
        Ok(Sighting::CannotTell) => Ok(on_their_word()),
        Ok(Sighting::NotThere { why }) => Err(not_there(&why)),
        // Nobody can be asked until the account is connected again; the person's word has to do.
        Err(Failure { kind: FailureKind::NeedsReconnect, .. }) => Ok(on_their_word()),
        Err(failure) => Err(Error::unavailable(
            "network_unavailable",
            format!("The network could not be asked: {}.", failure.message),
        )
        .next("Repeat this in a few minutes.")),
    }
}

async fn sighted(app: &App, ctx: &Ctx, plan: &Plan, link: &str) -> Result<std::result::Result<Sighting, Failure>> {
    let signed_in = match tokens::ready_to_look(app, ctx.workspace, &plan.sender).await? {
        Ok(signed_in) => signed_in,
        Err(failure) => return Ok(Err(failure)),
    };
    let network = app.networks.get(signed_in.network);
    let first = network.find(&signed_in.account, &plan.outgoing, link).await;
    Ok(match tokens::again(app, ctx.workspace, &signed_in, &first).await? {
        None => first,
        Some(Ok(SignedIn { account, .. })) => network.find(&account, &plan.outgoing, link).await,
        Some(Err(failure)) => Err(failure),
    })
}

fn not_there(why: &str) -> Error {
    Error::conflict("not_found_there", format!("The network was asked about that link: {why}."))
        .next("Check the link. If the post is not there, say not_published.")
}

/// Also asked when a person says that it is not there: if it is, they are spared a second one.
async fn looked_up(app: &App, ctx: &Ctx, plan: &Plan) -> Result<Found> {
    let evidence = match reconcile::ask(app, ctx.workspace, &plan.sender, &plan.outgoing, &plan.search).await? {
        Reconciled::Found(remote) => return Ok(Found::There { remote, checked: true }),
        Reconciled::ProvenAbsent => return Ok(Found::NotThere { proved: true }),
        Reconciled::Undecidable { evidence } | Reconciled::Unknowable { evidence } => evidence,
    };
    Ok(match plan.verdict {
        Verdict::NotPublished => Found::NotThere { proved: false },
        Verdict::Published | Verdict::LookAgain => Found::Nobody { evidence },
    })
}
