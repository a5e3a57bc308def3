//! Evergreen posts go out again: one at a time on each account, the best that was not out for long enough. A plan can be
//! looked at before anything is made, and what was made is a post like any other.

pub mod get;
pub mod mark;
pub mod run;
pub mod set;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{best_times, posts::content, queue, use_case::Scope},
    clock::Timestamp,
    error::Result,
    ids::PostId,
    model::{
        recycling::{Evergreen, Rule, Verdict, judge},
        times,
    },
    store::{
        accounts::Account,
        recycling::{self, Copy, EvergreenRow, StoredRule},
        targets, workspaces,
    },
};

/// What an account would recycle next, and why.
struct Plan {
    /// `None`: never set.
    stored: Option<StoredRule>,
    /// The copies so far, newest first.
    copies: Vec<Copy>,
    /// When the next one would go out.
    at: Option<Timestamp>,
    /// Best first; at most one is the next.
    judged: Vec<(EvergreenRow, Verdict)>,
}

impl Plan {
    fn rule(&self) -> Rule {
        self.stored.as_ref().map(|stored| stored.rule).unwrap_or_default()
    }

    fn next(&self) -> Option<(&EvergreenRow, Timestamp)> {
        let (row, _) = self.judged.iter().find(|(_, verdict)| *verdict == Verdict::Next)?;
        Some((row, self.at?))
    }

    /// The copy that is still to go out, or held for somebody to decide: before that no other is made.
    fn upcoming(&self, now: Timestamp) -> Option<&Copy> {
        self.copies.iter().find(|copy| pending(copy, now))
    }
}

fn pending(copy: &Copy, now: Timestamp) -> bool {
    let waits = matches!(copy.status.as_str(), "scheduled" | "publishing" | "unknown" | "held");
    copy.planned_for > now || (waits && !copy.deleted)
}

async fn plan(scope: &mut Scope<'_>, account: &Account, stored: Option<StoredRule>) -> Result<Plan> {
    let workspace = scope.ctx.workspace;
    let copies = recycling::recycled(scope.tx, workspace, account.account_id, 5).await?;
    let rule = stored.as_ref().map(|stored| stored.rule).unwrap_or_default();
    let earliest = rule.earliest(copies.first().map(|copy| copy.planned_for), scope.now);
    let at = slot(scope, account, earliest).await?;
    let rows = recycling::evergreen(scope.tx, workspace, account.account_id).await?;
    let judged = judge(&rule, at.unwrap_or(earliest), &rows.iter().map(evergreen).collect::<Vec<_>>());
    let mut judged: Vec<(EvergreenRow, Verdict)> = judged
        .into_iter()
        .filter_map(|(post, verdict)| Some((rows.iter().find(|row| row.post_id == post.post)?.clone(), verdict)))
        .collect();
    skip_unsendable(scope, account, &mut judged).await?;
    Ok(Plan { stored, copies, at, judged })
}

fn evergreen(row: &EvergreenRow) -> Evergreen {
    let EvergreenRow { post_id, published_at, engagement, last_out, .. } = row;
    Evergreen { post: *post_id, published_at: *published_at, engagement: *engagement, last_out: *last_out }
}

/// The next free time of the account's queue after `earliest`; without a queue, its next best time. A queue that is full
/// has no place for copies.
async fn slot(scope: &mut Scope<'_>, account: &Account, earliest: Timestamp) -> Result<Option<Timestamp>> {
    match queue::next_free(scope, account.account_id, Some(earliest), None).await {
        Ok(moment) => Ok(Some(moment.instant)),
        Err(error) if error.code() == "queue_full" => Ok(None),
        Err(error) if error.code() == "queue_empty" => Ok(best_times::of(scope, account).await?.next_after(earliest)),
        Err(error) => Err(error),
    }
}

/// Networks change their rules: what would be refused today makes room for the candidate behind it.
async fn skip_unsendable(
    scope: &mut Scope<'_>,
    account: &Account,
    judged: &mut [(EvergreenRow, Verdict)],
) -> Result<()> {
    for (row, verdict) in judged.iter_mut() {
        if !matches!(verdict, Verdict::Next | Verdict::Candidate) {
            continue;
        }
        let segments = targets::segments(scope.tx, scope.ctx.workspace, &[row.target_id]).await?;
        let messages: Vec<_> = segments.into_iter().map(|segment| segment.message).collect();
        if content::recheck(scope, account.network, &messages).await?.is_empty() {
            *verdict = Verdict::Next;
            return Ok(());
        }
        *verdict = Verdict::Unsendable;
    }
    Ok(())
}

/// An account's recycling as callers see it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RecyclingView {
    pub account_id: crate::ids::AccountId,
    /// `network/handle`.
    pub account: String,
    pub rule: Rule,
    /// Who set it and stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
    /// Why nothing is recycled, whatever the rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// The copy that is planned and not out yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upcoming: Option<CopyView>,
    /// What is copied after that, as things are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextView>,
    /// The account's evergreen posts, best first.
    pub evergreen: Vec<EvergreenView>,
    /// The last copies that went out or were to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<CopyView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CopyView {
    pub post_id: PostId,
    /// The post that it is a copy of.
    pub recycled_from: PostId,
    /// The copy's status, such as scheduled, held or published.
    pub status: String,
    pub at: Timestamp,
    /// Local time in words.
    pub at_local: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NextView {
    pub post_id: PostId,
    pub excerpt: String,
    pub at: Timestamp,
    /// Local time in words.
    pub at_local: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct EvergreenView {
    pub post_id: PostId,
    pub excerpt: String,
    pub verdict: Verdict,
    /// Missing when nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engagement: Option<i64>,
    pub published_at: Timestamp,
    /// When the same words last went out on the account, or will.
    pub last_out: Timestamp,
}

async fn view(scope: &mut Scope<'_>, account: &Account) -> Result<RecyclingView> {
    let stored = recycling::rule(scope.tx, scope.ctx.workspace, account.account_id).await?;
    let plan = plan(scope, account, stored).await?;
    let members = workspaces::members(scope.tx, scope.ctx.workspace).await?;
    let setter =
        plan.stored.as_ref().and_then(|stored| members.iter().find(|member| member.member_id == stored.member_id));
    let zone = account.time_zone.clone().unwrap_or_else(|| scope.entered.time_zone.clone());
    let copy = |copy: &Copy| CopyView {
        post_id: copy.post_id,
        recycled_from: copy.source_post_id,
        status: copy.status.clone(),
        at: copy.planned_for,
        at_local: times::spoken(copy.planned_for, &zone),
    };
    let blocked = if forbidden(scope, account) {
        Some(format!("{} does not take the same text twice.", account.network.title()))
    } else {
        setter.filter(|member| run::may_not(member)).map(|member| {
            format!(
                "{}, who set the rule, may not schedule any more: somebody else has to set it again.",
                member.display_name
            )
        })
    };
    let upcoming = plan.upcoming(scope.now);
    Ok(RecyclingView {
        account_id: account.account_id,
        account: format!("{}/{}", account.network, account.handle),
        rule: plan.rule(),
        set_by: setter.map(|member| member.display_name.clone()),
        next: plan.next().filter(|_| plan.rule().enabled && blocked.is_none()).map(|(row, at)| NextView {
            post_id: row.post_id,
            excerpt: row.excerpt.clone(),
            at,
            at_local: times::spoken(at, &zone),
        }),
        blocked,
        upcoming: upcoming.map(copy),
        evergreen: plan
            .judged
            .iter()
            .map(|(row, verdict)| EvergreenView {
                post_id: row.post_id,
                excerpt: row.excerpt.clone(),
                verdict: *verdict,
                engagement: row.engagement,
                published_at: row.published_at,
                last_out: row.last_out,
            })
            .collect(),
        recent: plan.copies.iter().filter(|copy| !pending(copy, scope.now)).map(copy).collect(),
    })
}

/// Whether the account's network refuses a text that was out before.
fn forbidden(scope: &Scope<'_>, account: &Account) -> bool {
    scope.app.networks.get(account.network).capabilities().refuses_repeats
}
