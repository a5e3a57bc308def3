//! An export as JSON Lines: one that says what the file is and what is left out, then a row a line, table after table.
//! Page by page, so that neither a transaction nor the memory grows with what there is.

use std::fmt::Write as _;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::{App, use_case::Scope},
    error::{Error, Result},
    model::privacy::{Export, Holding},
    store::{
        privacy::{self, About},
        workspaces,
    },
};

/// What the file calls itself.
const FORMAT: &str = "allin export 1";

/// A page ends after about this much.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Rows read at a time; of tables with large rows fewer.
const ROWS: i64 = 200;
const LARGE_ROWS: i64 = 2;
const LARGE: &[&str] = &["asset_chunks"];

/// The next lines of an export.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExportPage {
    /// One JSON object a line.
    pub lines: String,
    /// Rows in them.
    pub rows: usize,
    /// Missing at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Where a page begins: in which table, after which key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Place {
    table: usize,
    after: Option<Value>,
}

impl Place {
    /// `list` names the export and who makes it.
    pub fn open(app: &App, list: &str, cursor: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid("cursor_invalid", "This cursor is not from this export.")
                .next("Start without a cursor.")
                .field("cursor", "take it from next_cursor of the page before")
        };
        let (payload, signature) = cursor.split_once('.').ok_or_else(wrong)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| wrong())?;
        if !app.vault.verify("export cursor", format!("{list}\n{payload}").as_bytes(), &signature) {
            return Err(wrong());
        }
        let bytes = BASE64URL_NOPAD.decode(payload.as_bytes()).map_err(|_| wrong())?;
        serde_json::from_slice(&bytes).map_err(|_| wrong())
    }

    fn seal(&self, app: &App, list: &str) -> Result<String> {
        let payload = BASE64URL_NOPAD.encode(&serde_json::to_vec(self).map_err(Error::internal)?);
        let signature = app.vault.sign("export cursor", format!("{list}\n{payload}").as_bytes());
        Ok(format!("{payload}.{}", BASE64URL_NOPAD.encode(&signature)))
    }
}

/// The page that begins at a place; the first has the manifest.
pub async fn page(
    scope: &mut Scope<'_>,
    list: &str,
    about: Option<&About>,
    place: Option<Place>,
) -> Result<ExportPage> {
    let mut lines = String::new();
    if place.is_none() {
        _ = writeln!(lines, "{}", manifest(scope, about));
    }
    let mut place = place.unwrap_or_default();
    let mut rows = 0;
    let tables: Vec<_> = Holding::exported(about.is_some()).collect();
    while let Some(holding) = tables.get(place.table) {
        if lines.len() > PAGE_BYTES {
            return Ok(ExportPage { lines, rows, next_cursor: Some(place.seal(scope.app, list)?) });
        }
        if holding.export == Export::Persons {
            rows += persons(scope, about, &mut lines).await?;
            place = Place { table: place.table + 1, after: None };
            continue;
        }
        let limit = if LARGE.contains(&holding.table) { LARGE_ROWS } else { ROWS };
        let found = privacy::page(scope.tx, scope.ctx.workspace, holding, about, place.after.as_ref(), limit).await?;
        for read in &found {
            _ = writeln!(lines, "{}", json!({ "table": holding.table, "row": read.row }));
        }
        rows += found.len();
        let full = i64::try_from(found.len()).unwrap_or(i64::MAX) == limit;
        place = match found.into_iter().next_back().filter(|_| full) {
            Some(last) => Place { after: Some(last.key), ..place },
            None => Place { table: place.table + 1, after: None },
        };
    }
    Ok(ExportPage { lines, rows, next_cursor: None })
}

/// One record for the person, or for everybody who is in the workspace.
async fn persons(scope: &mut Scope<'_>, about: Option<&About>, lines: &mut String) -> Result<usize> {
    let workspace = scope.ctx.workspace;
    let all = workspaces::members(scope.tx, workspace).await?;
    let mut rows = 0;
    for member in all.iter().filter(|member| about.is_none_or(|about| about.member == member.member_id)) {
        if let Some(record) = privacy::person(scope.tx, workspace, member.member_id).await? {
            _ = writeln!(lines, "{}", json!({ "table": "persons", "row": record }));
            rows += 1;
        }
    }
    Ok(rows)
}

fn manifest(scope: &Scope<'_>, about: Option<&About>) -> Value {
    let person = about.is_some();
    let tables: serde_json::Map<String, Value> = Holding::exported(person)
        .map(|holding| {
            let mut entry = json!({ "what": holding.what, "kept": holding.kept });
            if let (false, Some(fields)) = (holding.secrets.is_empty(), entry.as_object_mut()) {
                fields.insert(
                    "left_out".into(),
                    holding.secrets.iter().map(|(name, why)| ((*name).to_owned(), json!(why))).collect(),
                );
            }
            (holding.table.to_owned(), entry)
        })
        .collect();
    let left_out: serde_json::Map<String, Value> = Holding::all()
        .filter_map(|holding| match holding.export {
            Export::LeftOut(why) if !person || !holding.ties.is_empty() => Some((holding.table.to_owned(), json!(why))),
            _ => None,
        })
        .collect();
    json!({
        "format": FORMAT,
        "workspace": scope.ctx.workspace,
        "member": about.map(|about| about.member),
        "made_at": scope.now,
        "tables": tables,
        "left_out": left_out,
        "notes": "Each further line is a row: {\"table\", \"row\"}. Bytes are written as \\x and hexadecimal digits; ids are the \
                  UUIDs behind the ids that AllIN shows. The last line is {\"end\"} with the number of rows.",
        "audit_key": HEXLOWER.encode(scope.app.vault.audit_key().as_bytes()),
    })
}

/// The last line of the file.
pub fn end(rows: usize) -> String {
    format!("{}\n", json!({ "end": { "rows": rows } }))
}
