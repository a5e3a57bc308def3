//! Rows become posts that can be written, or are refused with row and column. Looks at the rows in the order of the
//! file; decides nothing about all of them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    app::use_case::Scope,
    error::{Error, Result},
    ids::{AccountId, CampaignId, PostId},
    model::{
        imports::{Row, RowIssue, json},
        networks::NetworkId,
        posts::{Message, Variant},
        times::Moment,
    },
    store::imports,
    vault::sha256,
};

use super::{
    clashes,
    desk::Desk,
    pictures::{Kept, Wanted, wanted},
    repeats,
    row::{Issues, ready},
};

/// After so many rows, those who wait are told.
const STEP: usize = 500;
/// After so many rows, others get their turn and the database hears of us.
pub(super) const REST: usize = 50;

/// A row that can be written.
pub struct Ready {
    pub number: usize,
    pub key: String,
    /// Of everything that the row says.
    pub hash: [u8; 32],
    pub title: Option<String>,
    pub tags: Vec<String>,
    /// By name; without an id it has to be made.
    pub campaign: Option<(String, Option<CampaignId>)>,
    pub segments: Vec<Message>,
    pub variants: Vec<Variant>,
    pub content_hash: [u8; 32],
    pub excerpt: String,
    pub targets: Vec<ReadyTarget>,
}

pub struct ReadyTarget {
    pub account: AccountId,
    pub network: NetworkId,
    pub handle: String,
    pub zone: String,
    pub messages: Vec<Message>,
    /// Of the messages' texts; made when they are compared.
    pub sketches: Vec<Arc<[u8]>>,
    /// `None`: a draft.
    pub moment: Option<Moment>,
}

#[derive(Default)]
pub struct Checked {
    pub ready: Vec<Ready>,
    pub problems: Vec<RowIssue>,
    pub warnings: Vec<RowIssue>,
    /// Imported before, or twice in the file.
    pub unchanged: usize,
    pub wanted: Wanted,
}

impl Checked {
    fn leave_out_refused(&mut self) {
        let refused: HashSet<usize> = self.problems.iter().map(|problem| problem.row).collect();
        self.ready.retain(|ready| !refused.contains(&ready.number));
    }
}

/// `default_zone` is the import's own; pictures that are missing from `kept` are still to be fetched.
pub async fn check(scope: &mut Scope<'_>, rows: &[Row], default_zone: Option<&str>, kept: Kept) -> Result<Checked> {
    let mut checked = Checked::default();
    let fresh = fresh(scope, rows, &mut checked).await?;
    let asked_before = !kept.is_empty();
    let desk = Desk::set(scope, rows, kept).await?;
    for (done, (row, key, hash)) in fresh.iter().enumerate() {
        if done % STEP == 0 {
            scope.progress.tell(done, fresh.len() * 2, "rows checked");
        }
        if done % REST == 0 {
            imports::still_here(scope.tx).await?;
        }
        let mut issues = Issues { row: row.number, problems: Vec::new(), warnings: Vec::new() };
        let ready = ready(scope, &desk, row, default_zone, &mut issues);
        if let Some(ready) = ready.filter(|_| issues.problems.is_empty()) {
            checked.ready.push(Ready { key: key.clone(), hash: *hash, ..ready });
        }
        checked.problems.append(&mut issues.problems);
        checked.warnings.append(&mut issues.warnings);
    }
    if !asked_before {
        let good: Vec<usize> = checked.ready.iter().map(|ready| ready.number).collect();
        let mut naming: Vec<&Row> = Vec::new();
        for (row, ..) in &fresh {
            if good.binary_search(&row.number).is_ok() {
                naming.push(row);
            }
        }
        checked.wanted = wanted(scope, &naming).await?;
        checked.problems.append(&mut checked.wanted.problems);
        checked.leave_out_refused();
    }
    let repeats = repeats::find(scope, &mut checked.ready).await?;
    checked.warnings.extend(repeats.warnings);
    checked.problems.extend(repeats.problems);
    checked.leave_out_refused();
    let clashes = clashes::find(scope, &checked.ready).await?;
    checked.warnings.extend(clashes.warnings);
    checked.problems.extend(clashes.problems);
    checked.leave_out_refused();
    checked.warnings.sort_by_key(|issue| issue.row);
    checked.problems.sort_by_key(|issue| issue.row);
    Ok(checked)
}

/// Rows that no earlier import and no earlier row has brought, with their keys.
async fn fresh<'a>(
    scope: &mut Scope<'_>,
    rows: &'a [Row],
    checked: &mut Checked,
) -> Result<Vec<(&'a Row, String, [u8; 32])>> {
    let mut keyed = Vec::with_capacity(rows.len());
    for row in rows {
        let said = serde_json::to_vec(&json::item(row, Default::default())).map_err(Error::internal)?;
        let hash = sha256(&said);
        let key = row.key.clone().unwrap_or_else(|| format!("row:{}", data_encoding::HEXLOWER.encode(&hash)));
        if key.chars().count() > 200 {
            checked.problems.push(RowIssue::new(row.number, "key", "is longer than 200 characters"));
            continue;
        }
        keyed.push((row, key, hash));
    }
    let keys: Vec<&str> = keyed.iter().map(|(_, key, _)| key.as_str()).collect();
    let known = imports::known(scope.tx, scope.ctx.workspace, &keys).await?;
    let posts: Vec<PostId> = keys.iter().filter_map(|key| key.parse().ok()).collect();
    let present = imports::present_posts(scope.tx, scope.ctx.workspace, &posts).await?;
    let mut seen: HashMap<String, (usize, [u8; 32])> = HashMap::new();
    let mut fresh = Vec::new();
    for (row, key, hash) in keyed {
        let same_key = seen.insert(key.clone(), (row.number, hash));
        if let Some((earlier, said)) = same_key {
            let same = if said == hash { "is the same as" } else { "has the key of" };
            checked.problems.push(RowIssue::new(row.number, "key", format!("{same} row {earlier}")));
        } else if key.parse().is_ok_and(|id: PostId| present.contains(&id)) {
            checked.unchanged += 1;
        } else {
            match known.get(&key) {
                None => fresh.push((row, key, hash)),
                Some(before) if *before == hash => checked.unchanged += 1,
                Some(_) => checked.problems.push(RowIssue::new(
                    row.number,
                    "key",
                    "was imported before and said something else: change the post, or give the row a new key",
                )),
            }
        }
    }
    Ok(fresh)
}
