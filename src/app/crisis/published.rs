//! What was published since a time: by whom it was asked for, through which program, who approved, where it is, and
//! whether AllIN can delete it there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    app::{approvals::view::Names, members::actors::Everybody, use_case::Scope},
    clock::Timestamp,
    error::Result,
    ids::{AccountId, PostId},
    model::{
        approvals::Verdict,
        crisis::{Facts, Standing},
        networks::{KnownNetwork, NetworkId},
        times,
    },
    store::crisis::facts::{self, Decided, Published, Span},
};

/// Publications that are listed, and deleted, at once.
pub(super) const MOST: usize = 500;

/// A post that became public on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Publication {
    pub post_id: PostId,
    pub excerpt: String,
    pub account_id: AccountId,
    /// `network/handle`.
    pub account: String,
    pub published_at: Timestamp,
    /// The same, local.
    pub published_local: String,
    /// Who set its time or published it, and through which program; missing where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// stdio, http, command_line, page or job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_from: Option<String>,
    /// Who wrote the words, and with which program.
    pub written_by: String,
    /// Who approved it; empty when nobody did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// Where a person can open it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    pub standing: Standing,
    /// Why it is still there, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// The same, local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_local: Option<String>,
    /// Whether the network lets programs delete it.
    #[serde(default)]
    pub deletable: bool,
}

/// Newest first, and whether there are more than that.
pub(super) async fn since(
    scope: &mut Scope<'_>,
    since: Timestamp,
    until: Option<Timestamp>,
    only: Option<&[PostId]>,
) -> Result<(Vec<Publication>, bool)> {
    let workspace = scope.ctx.workspace;
    let only: Option<Vec<Uuid>> = only.map(|posts| posts.iter().map(|id| id.uuid()).collect());
    let span = Span { since, until, posts: only.as_deref() };
    let limit = i64::try_from(MOST).unwrap_or(i64::MAX) + 1;
    let mut rows = facts::published(scope.tx, workspace, &span, limit).await?;
    let more = rows.len() > MOST;
    rows.truncate(MOST);
    let posts: Vec<Uuid> = rows.iter().map(|row| row.post_id.uuid()).collect();
    let decisions = facts::decided(scope.tx, workspace, Some(&posts), None, None).await?;
    let everybody = Everybody::load(scope).await?;
    let names = Names::load(scope).await?;
    let zone = &scope.entered.time_zone;
    Ok((rows.into_iter().map(|row| publication(row, &decisions, &everybody, &names, zone)).collect(), more))
}

fn publication(row: Published, decisions: &[Decided], everybody: &Everybody, names: &Names, zone: &str) -> Publication {
    let asked = |field: &str| row.asked.as_ref().and_then(|asked| asked.get(field)).and_then(Value::as_str);
    let network = row.network.parse::<NetworkId>().ok();
    let deletable = network.is_some_and(|id| KnownNetwork::from(id).rules().can_delete);
    let standing = Standing::of(Facts {
        removed: row.removed_at.is_some(),
        removal_wanted: row.removal_requested_at.is_some(),
        connected: row.connected,
        deletable,
    });
    let title = match network {
        Some(id) => id.title(),
        None => &row.network,
    };
    Publication {
        asked_by: asked("actor").map(|actor| everybody.who(actor).said()),
        asked_from: asked("origin").map(str::to_owned),
        written_by: everybody.who(&row.written_by).said(),
        approved_by: approved(&row, decisions, names),
        problem: problem(&row, standing, deletable, title),
        post_id: row.post_id,
        excerpt: row.excerpt,
        account_id: row.account_id,
        account: format!("{}/{}", row.network, row.handle),
        published_at: row.published_at,
        published_local: times::spoken(row.published_at, zone),
        links: row.links,
        standing,
        deletable,
        removed_at: row.removed_at,
        removed_local: row.removed_at.map(|at| times::spoken(at, zone)),
    }
}

/// Those who approved in the last request that was decided before it went out.
fn approved(row: &Published, decisions: &[Decided], names: &Names) -> Vec<String> {
    let before = |decision: &&Decided| {
        decision.post_id == row.post_id
            && decision.verdict == Verdict::Approve.as_str()
            && decision.decided_at <= row.published_at
    };
    let Some(last) = decisions.iter().rfind(before) else { return Vec::new() };
    let mut by: Vec<String> = Vec::new();
    for decision in decisions.iter().filter(before).filter(|decision| decision.request_id == last.request_id) {
        let name = decider(decision, names);
        if !by.contains(&name) {
            by.push(name);
        }
    }
    by
}

pub(super) fn decider(decision: &Decided, names: &Names) -> String {
    match (decision.member_id, decision.reviewer_id) {
        (Some(member), _) => names.member(member),
        (None, Some(reviewer)) => names.reviewer(reviewer),
        (None, None) => String::new(),
    }
}

fn problem(row: &Published, standing: Standing, deletable: bool, network: &str) -> Option<String> {
    match standing {
        Standing::ByHand if !deletable => Some(format!(
            "{network} lets no program delete posts: sign in there as @{} and delete it at its link.",
            row.handle
        )),
        Standing::ByHand => Some(format!(
            "@{} is disconnected: sign in on {network} and delete it at its link, or connect the account again, then repeat \
             this.",
            row.handle
        )),
        Standing::BeingRemoved => Some(match (&row.error_code, &row.error_message) {
            (Some(code), Some(message)) if code == "removal_failed" => {
                format!("{} It is tried again by itself; you can also delete it on {network} yourself.", ended(message))
            }
            _ => "It is under way, and tried again by itself until it is done.".to_owned(),
        }),
        Standing::Public | Standing::Removed => None,
    }
}

fn ended(sentence: &str) -> String {
    format!("{}.", sentence.trim_end_matches('.'))
}
