//! Takes due targets out of the queue: fairly, and no more than may be under way.

use std::{
    collections::{BTreeSet, HashMap},
    str::FromStr as _,
    sync::Arc,
};

use crate::{
    app::{
        App,
        publishing::engine::{Begun, FIRST, held},
    },
    clock::Timestamp,
    error::Result,
    ids::AccountId,
    model::{
        networks::NetworkId,
        turns::{self, Waiting},
    },
    store::{
        db::Tx,
        dispatch::{self, Claimed, Lane},
        servers,
    },
};

/// Accounts that one look at the queue lists; the next look goes on after them.
const LANES: i32 = 1000;

/// A claim, counted as under way until its second part is dropped.
pub type Taken = (Claimed, Begun);

/// Claims up to `most` targets.
pub async fn claim(app: &App, most: usize) -> Result<Vec<Taken>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let after = *held(&app.engine.place);
    let lanes = dispatch::lanes(&mut tx, now, after, LANES).await?;
    let all_seen = lanes.len() < usize::try_from(LANES).unwrap_or(usize::MAX);
    *held(&app.engine.place) = lanes.last().filter(|_| !all_seen).map_or(FIRST, |lane| (lane.workspace, lane.account));
    if lanes.is_empty() {
        tx.finish_read();
        return Ok(Vec::new());
    }
    let room: HashMap<AccountId, i32> = lanes.iter().map(|lane| (lane.account, room(lane))).collect();
    let (waiting, trials) = waiting(&mut tx, app, lanes, now).await?;
    let chosen = turns::choose(waiting, &app.engine.under_way(), app.engine.limits, most);
    let wanted: Vec<_> =
        chosen.iter().map(|one| (one.workspace, one.account, room.get(&one.account).copied().unwrap_or(1))).collect();
    let lease_until = now.plus_millis(app.settings.send.lease);
    let mut claims = match wanted.is_empty() {
        true => Vec::new(),
        false => dispatch::take(&mut tx, now, lease_until, &wanted).await?,
    };
    for claim in &mut claims {
        claim.trial = trials.contains(&claim.server);
    }
    for server in trials.iter().filter(|server| !claims.iter().any(|claim| claim.server == **server)) {
        servers::untried(&mut tx, server).await?;
    }
    tx.commit().await?;
    Ok(claims
        .into_iter()
        .map(|claim| {
            let begun = app.engine.begin(&claim);
            (claim, begun)
        })
        .collect())
}

/// How many targets of the account may be under way.
fn room(lane: &Lane) -> i32 {
    NetworkId::from_str(&lane.network).map_or(1, NetworkId::at_once_per_account)
}

/// Those that may be served now. Of the accounts on a server that failed only one, which tries whether it works again; these
/// servers are named apart.
async fn waiting(
    tx: &mut Tx,
    app: &App,
    mut lanes: Vec<Lane>,
    now: Timestamp,
) -> Result<(Vec<Waiting>, BTreeSet<Arc<str>>)> {
    lanes.sort_by_key(|lane| lane.first);
    let until = now.plus_millis(app.settings.send.start_within + app.settings.send.answer_within);
    let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut trials = BTreeSet::new();
    let mut waiting = Vec::new();
    for lane in lanes {
        let Some((priority, due_at)) = lane.first else { continue };
        if lane.waits || lane.under_way >= i64::from(room(&lane)) {
            continue;
        }
        if lane.trial {
            if !seen.insert(Arc::clone(&lane.server)) || !servers::try_again(tx, &lane.server, now, until).await? {
                continue;
            }
            trials.insert(Arc::clone(&lane.server));
        }
        waiting.push(Waiting {
            workspace: lane.workspace,
            account: lane.account,
            server: lane.server,
            priority,
            due_at,
        });
    }
    Ok((waiting, trials))
}
