//! Read the audit log, newest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    app::{
        audit::{
            commit::{opened, reveal},
            view::{AuditOutcome, instant, word},
        },
        cursor,
        posts::query::check_limit,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    model::{roles::Permission, times},
    store::audit::{self, Entry, Filter},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Who: a member's id (with all connections and keys), or the whole actor as an entry gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What was called, such as post_publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_case: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AuditOutcome>,
    /// The id of what was changed: a post, account, member …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// From this local time or instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Before this local time or instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Entries per page, 1 to 200. Default 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditPage {
    pub entries: Vec<AuditEntryView>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AuditEntryView {
    /// Its place in the chain; missing for a second or so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    pub at: Timestamp,
    /// The same, local.
    pub at_local: String,
    /// A member, and after `/` the connection or key; or `system/` and the job.
    pub actor: String,
    /// stdio, http, command_line, page or job.
    pub origin: String,
    pub use_case: String,
    pub outcome: String,
    /// What was changed: `what`, `id` and `how`. A `commitment` stands for personal data; `value` is missing once erased.
    pub changes: Value,
}

impl UseCase for AuditQuery {
    type Input = Self;
    type Output = AuditPage;
    type Form = Locally;
    const NAME: &'static str = "audit_query";
    const NEEDS: Permission = Permission::ReadAudit;
    const EFFECT: Effect = Effect::Read;
}

impl Local for AuditQuery {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<AuditPage> {
        let limit = check_limit(input.limit.or(Some(50)), 200)?;
        let named = Self { cursor: None, limit: None, ..input.clone() };
        let list = format!("audit {}", serde_json::to_string(&named).map_err(Error::internal)?);
        let before = input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?;
        let filter = Filter {
            since: instant(scope, input.since.as_deref())?,
            until: instant(scope, input.until.as_deref())?,
            actor: word("actor", input.actor)?,
            use_case: word("use_case", input.use_case)?,
            outcome: input.outcome.map(|outcome| outcome.as_str().to_owned()),
            object: word("object_id", input.object_id)?,
        };
        let before = before.map(|(_, id)| id);
        let workspace = scope.ctx.workspace;
        let mut found = audit::by_age(scope.tx, workspace, &filter, before, i64::from(limit) + 1).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next_cursor =
            found.last().filter(|_| more).map(|entry| cursor::seal(scope.app, &list, entry.at, entry.entry_id));
        let changes: Vec<&Value> = found.iter().map(|entry| &entry.changes).collect();
        let openings = opened(scope, &changes).await?;
        let zone = scope.entered.time_zone.clone();
        let entries = found
            .into_iter()
            .map(|mut entry| {
                reveal(&mut entry.changes, &openings);
                view(entry, &zone)
            })
            .collect();
        Ok(AuditPage { entries, next_cursor })
    }
}

fn view(entry: Entry, zone: &str) -> AuditEntryView {
    AuditEntryView {
        position: entry.position,
        at: entry.at,
        at_local: times::spoken(entry.at, zone),
        actor: entry.actor,
        origin: entry.origin,
        use_case: entry.use_case,
        outcome: entry.outcome,
        changes: entry.changes,
    }
}
