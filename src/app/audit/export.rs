//! The chained log as JSON Lines, with what recomputes the chain and what opens its commitments. Page by page; that it was
//! exported is in the log itself, once.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{
        audit::{
            commit::opened,
            view::{instant, word},
        },
        cursor,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    model::roles::Permission,
    store::audit::{self, Entry, Filter, Opening},
};

/// Entries to a page.
const PAGE: usize = 1000;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditExport {
    /// Who: a member's id (with all connections and keys), or the whole actor as an entry gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_case: Option<String>,
    /// From this local time or instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Before this local time or instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// next_cursor of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// In the order of the chain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditExported {
    /// One JSON object a line.
    pub lines: String,
    pub entries: usize,
    /// Missing at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl UseCase for AuditExport {
    type Input = Self;
    type Output = AuditExported;
    type Form = Locally;
    const NAME: &'static str = "audit_export";
    const NEEDS: Permission = Permission::ReadAudit;
    const EFFECT: Effect = Effect::Read;
    const LOGGED: bool = true;
}

impl Local for AuditExport {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<AuditExported> {
        let workspace = scope.ctx.workspace;
        let named = Self { cursor: None, ..input.clone() };
        let list = format!(
            "audit export {} {}",
            scope.ctx.actor.key(),
            serde_json::to_string(&named).map_err(Error::internal)?
        );
        // The cursor says where the page before ended, and where the log ended when the export began.
        let (to, after) = match input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()? {
            Some((to, after)) => (to.as_micros(), i64::try_from(after.as_u128()).map_err(Error::internal)?),
            None => {
                let to = audit::head(scope.tx, workspace).await?.map_or(0, |head| head.position);
                let how = json!({ "to": to, "since": input.since, "until": input.until, "actor": input.actor, "use_case": input.use_case });
                scope.changed("audit_export", scope.ctx.request, how);
                (to, 0)
            }
        };
        let filter = Filter {
            since: instant(scope, input.since.as_deref())?,
            until: instant(scope, input.until.as_deref())?,
            actor: word("actor", input.actor)?,
            use_case: word("use_case", input.use_case)?,
            ..Filter::default()
        };
        let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let found = audit::by_place(scope.tx, workspace, &filter, after, to, page).await?;
        let changes: Vec<&Value> = found.iter().map(|entry| &entry.changes).collect();
        let openings = opened(scope, &changes).await?;
        let mut lines = String::new();
        for entry in &found {
            _ = writeln!(lines, "{}", line(entry, openings.values()));
        }
        let last = found.last().filter(|_| found.len() == PAGE).and_then(|entry| entry.position);
        let next_cursor = match last {
            Some(last) => {
                let place = Uuid::from_u128(u128::from(last.unsigned_abs()));
                Some(cursor::seal(scope.app, &list, Timestamp::from_micros(to)?, place))
            }
            None => None,
        };
        Ok(AuditExported { lines, entries: found.len(), next_cursor })
    }
}

fn line<'a>(entry: &Entry, openings: impl Iterator<Item = &'a Opening>) -> Value {
    let changes = entry.changes.to_string();
    let own = openings.filter_map(|opening| {
        let commitment = HEXLOWER.encode(&opening.commitment);
        let opened = json!({ "salt": HEXLOWER.encode(&opening.salt), "value": opening.value });
        changes.contains(&commitment).then_some((commitment, opened))
    });
    let own: serde_json::Map<String, Value> = own.collect();
    let mut line = json!({
        "position": entry.position,
        "entry_id": entry.entry_id,
        "at": entry.at,
        "actor": entry.actor,
        "origin": entry.origin,
        "request_id": entry.request_id,
        "use_case": entry.use_case,
        "outcome": entry.outcome,
        "changes": entry.changes,
        "chain_hash": entry.chain_hash.as_deref().map(|hash| HEXLOWER.encode(hash)),
    });
    if let (false, Some(line)) = (own.is_empty(), line.as_object_mut()) {
        line.insert("openings".into(), Value::Object(own));
    }
    line
}
