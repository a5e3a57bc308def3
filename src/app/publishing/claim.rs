//! Takes due targets out of the queue: fairly, and no more than may be under way.

use std::{
    collections::{BTreeSet, HashMap},
    str::FromStr as _,
    sync::Arc,
    time::{Duration, Instant},
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
        dispatch::{self, Claimed, Lane, NOTICED_MOST},
        servers,
    },
};

/// Accounts that one look at the queue lists; the next look goes on after them.
const LANES: i32 = 1000;
/// How long to go on noticing before what was noticed is served; the next look notices more.
const NOTICE_WITHIN: Duration = Duration::from_millis(250);

/// A claim, counted as under way until its second part is dropped.
pub type Taken = (Claimed, Begun);

/// What one look at the queue gave.
pub struct Claims {
    pub taken: Vec<Taken>,
    /// There are accounts after those that this look listed: the next one goes on with them.
    pub more: bool,
}

/// Claims up to `most` targets.
pub async fn claim(app: &App, most: usize) -> Result<Claims> {
    let mut tx = begin_noticed(app).await?;
    let now = app.now();
    let after = *held(&app.engine.place);
    let lanes = dispatch::lanes(&mut tx, now, after, LANES).await?;
    let more = lanes.len() >= usize::try_from(LANES).unwrap_or(usize::MAX);
    *held(&app.engine.place) = lanes.last().filter(|_| more).map_or(FIRST, |lane| (lane.workspace, lane.account));
    if lanes.is_empty() {
        tx.finish_read();
        return Ok(Claims { taken: Vec::new(), more });
    }
    let room: HashMap<AccountId, i32> = lanes.iter().map(|lane| (lane.account, room(lane))).collect();
    let mut chosen = turns::choose(waiting(lanes), &app.engine.under_way(), app.engine.limits, most);
    let trials = take_trials(&mut tx, app, &mut chosen, now).await?;
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
    let taken = claims.into_iter().map(|claim| {
        let begun = app.engine.begin(&claim);
        (claim, begun)
    });
    Ok(Claims { taken: taken.collect(), more })
}

/// Opens the transaction of a look, in which what has become due was noticed. A bulk that is due at once is noticed in several
/// transactions before, so that it does not stand before what others have due a moment later.
async fn begin_noticed(app: &App) -> Result<Tx> {
    let began = Instant::now();
    loop {
        let mut tx = app.db.begin().await?;
        if dispatch::notice(&mut tx, app.now()).await? < NOTICED_MOST || began.elapsed() > NOTICE_WITHIN {
            return Ok(tx);
        }
        tx.commit().await?;
    }
}

/// How many targets of the account may be under way.
fn room(lane: &Lane) -> i32 {
    NetworkId::from_str(&lane.network).map_or(1, NetworkId::at_once_per_account)
}

/// Those that may be served now.
fn waiting(lanes: Vec<Lane>) -> Vec<Waiting> {
    let served = lanes.into_iter().filter(|lane| !lane.waits && lane.under_way < i64::from(room(lane)));
    served
        .filter_map(|lane| {
            let (priority, due_at) = lane.first?;
            Some(Waiting {
                workspace: lane.workspace,
                account: lane.account,
                server: lane.server,
                priority,
                due_at,
                trial: lane.trial,
            })
        })
        .collect()
}

/// Takes the trials of the servers that failed, for those that were chosen to try. Leaves out whom another process got
/// ahead of; returns the servers that are tried.
async fn take_trials(tx: &mut Tx, app: &App, chosen: &mut Vec<Waiting>, now: Timestamp) -> Result<BTreeSet<Arc<str>>> {
    let until = now.plus_millis(app.settings.send.start_within + app.settings.send.answer_within);
    let wanted: BTreeSet<Arc<str>> = chosen.iter().filter(|one| one.trial).map(|one| Arc::clone(&one.server)).collect();
    let mut trials = BTreeSet::new();
    for server in wanted {
        if servers::try_again(tx, &server, now, until).await? {
            trials.insert(server);
        }
    }
    chosen.retain(|one| !one.trial || trials.contains(&one.server));
    Ok(trials)
}
