//! The audit log of a crisis as a line of events: who did what when, in words.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    app::{
        members::{
            activity::{About, about},
            actors::Everybody,
        },
        notifications::note::short,
        use_case::Scope,
    },
    clock::Timestamp,
    error::Result,
    ids::PostId,
    model::{activity::sentence, prose, times},
    store::{
        crisis::facts::{self, Happened},
        posts,
    },
};

/// Entries to a page.
const PAGE: i64 = 1000;
/// What one report holds.
const MOST: usize = 50_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Event {
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    /// Who, and through which connection or key.
    pub by: String,
    /// stdio, http, command_line, page or job.
    pub from: String,
    /// What was done, without its subject.
    pub text: String,
    /// Name of the use case, as in the audit log.
    pub use_case: String,
    /// done; refused; unknown: begun, and its end is an event of its own.
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<About>,
}

/// Oldest first, and whether that is all.
pub(super) async fn read(
    scope: &mut Scope<'_>,
    since: Timestamp,
    until: Timestamp,
    everybody: &Everybody,
) -> Result<(Vec<Happened>, Vec<Event>, bool)> {
    let workspace = scope.ctx.workspace;
    let mut all: Vec<Happened> = Vec::new();
    let complete = loop {
        let after = all.last().map(|one| one.entry_id);
        let page = facts::happened(scope.tx, workspace, since, until, after, PAGE).await?;
        let last = i64::try_from(page.len()).is_ok_and(|count| count < PAGE);
        all.extend(page);
        if last || all.len() >= MOST {
            break last;
        }
    };
    let titles = titles(scope, &all).await?;
    let zone = &scope.entered.time_zone;
    let events = all.iter().map(|one| event(one, &titles, everybody, zone)).collect();
    Ok((all, events, complete))
}

async fn titles(scope: &mut Scope<'_>, all: &[Happened]) -> Result<BTreeMap<PostId, String>> {
    let mut ids: Vec<Uuid> = all.iter().flat_map(post_ids).map(PostId::uuid).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = posts::get_all(scope.tx, scope.ctx.workspace, &ids).await?;
    let named = found.into_iter().map(|post| {
        let title = short(&prose::line(post.title.as_deref().unwrap_or(&post.excerpt)), 60);
        (post.post_id, title)
    });
    Ok(named.collect())
}

fn post_ids(one: &Happened) -> impl Iterator<Item = PostId> {
    about(&one.changes).into_iter().filter(|about| about.what == "post").filter_map(|about| about.id.parse().ok())
}

fn event(one: &Happened, titles: &BTreeMap<PostId, String>, everybody: &Everybody, zone: &str) -> Event {
    let title = post_ids(one).find_map(|id| titles.get(&id)).map(String::as_str);
    let code = one.changes.pointer("/0/code").and_then(Value::as_str).unwrap_or("refused");
    let refused = (one.outcome == "refused").then_some(code);
    Event {
        at: one.at,
        at_local: times::spoken(one.at, zone),
        by: everybody.who(&one.actor).said(),
        from: one.origin.clone(),
        text: sentence(&one.use_case, refused, title.filter(|title| !title.is_empty())),
        use_case: one.use_case.clone(),
        outcome: one.outcome.clone(),
        about: about(&one.changes),
    }
}
