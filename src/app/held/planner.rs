//! Where released posts go: the next times of each account that are free.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    app::{queue, use_case::Scope},
    clock::Timestamp,
    error::{Error, Result},
    ids::AccountId,
    model::{
        queue::Rules,
        spread,
        times::{self, Moment},
    },
    store::{held, targets::Target},
};

/// Steps in which a time that an account's queue allows is looked for, and how many.
const STEP_MILLIS: i64 = 15 * 60_000;
const STEPS: usize = 7 * 24 * 4;

/// What is taken on each account, and where its next free time is looked for.
#[derive(Default)]
pub struct Planner(BTreeMap<AccountId, Lane>);

struct Lane {
    rules: Rules,
    taken: BTreeSet<Timestamp>,
    from: Timestamp,
}

impl Planner {
    /// Locks the accounts' queues.
    pub async fn read(scope: &mut Scope<'_>, accounts: &[AccountId], from: Timestamp, distance: i64) -> Result<Self> {
        let mut lanes = BTreeMap::new();
        let mut queues = queue::lock(scope, accounts).await?;
        for account in accounts.iter().copied() {
            let rules = queues.remove(&account).unwrap_or_default();
            let taken = held::occupied(scope.tx, scope.ctx.workspace, account, from.plus_millis(-distance)).await?;
            lanes.insert(account, Lane { rules, taken: taken.into_iter().collect(), from });
        }
        Ok(Self(lanes))
    }

    /// Apart from everything, and within the rules of the account's queue: no weekly time is needed, but quiet hours, cap
    /// and distance hold.
    pub async fn next(&mut self, scope: &mut Scope<'_>, target: &Target, zone: &str, distance: i64) -> Result<Moment> {
        let account = target.account_id;
        let lane = self.0.get_mut(&account).ok_or_else(|| Error::internal("an account that was not locked"))?;
        for _ in 0..STEPS {
            let at = spread::first_free(&lane.taken, lane.from, distance);
            let moment = times::at_instant(at, zone)?;
            let broken = queue::broken(scope, account, &lane.rules, &moment, Some(target.target_id)).await?;
            lane.from = at;
            if broken.is_empty() {
                lane.taken.insert(at);
                return Ok(moment);
            }
            lane.from = at.plus_millis(STEP_MILLIS);
        }
        Err(Error::conflict("queue_full", "The account's queue has no room for it within a week.")
            .next("Allow more with queue_set, or publish it now."))
    }
}
