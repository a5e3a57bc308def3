//! Whose turn it is to publish: fair between workspaces, servers and accounts; in a workspace, urgent posts first. Pure.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    clock::Timestamp,
    ids::{AccountId, WorkspaceId},
};

/// How urgent a target is; the database keeps the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for it: publish now, emergencies.
    AtOnce,
    /// At the time that was asked for.
    Scheduled,
    /// Fills gaps: recycled posts, the backlog of a series.
    Filling,
}

impl Priority {
    /// As the database has it.
    pub const fn number(self) -> i16 {
        match self {
            Self::AtOnce => 0,
            Self::Scheduled => 1,
            Self::Filling => 2,
        }
    }
}

/// An account that has something due, and what of it comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub workspace: WorkspaceId,
    pub account: AccountId,
    pub server: Arc<str>,
    /// [`Priority::number`].
    pub priority: i16,
    pub due_at: Timestamp,
    /// Its server failed: of all these accounts one may try whether it works again.
    pub trial: bool,
}

/// How much may be under way in one process.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub per_server: usize,
    pub per_workspace: usize,
    pub in_all: usize,
}

impl Limits {
    /// Twice as many deliveries as calls, so that the next ones are ready when a call ends. One server gets half of
    /// all, one workspace three quarters: whatever hangs, something is left for the others.
    pub const fn from_connections(per_server: usize) -> Self {
        Self { per_server: per_server * 2, per_workspace: per_server * 3, in_all: per_server * 4 }
    }
}

/// What is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnderWay {
    servers: HashMap<Arc<str>, usize>,
    workspaces: HashMap<WorkspaceId, usize>,
    in_all: usize,
}

impl UnderWay {
    pub fn in_all(&self) -> usize {
        self.in_all
    }

    fn workspace(&self, id: WorkspaceId) -> usize {
        self.workspaces.get(&id).copied().unwrap_or(0)
    }

    pub fn begin(&mut self, workspace: WorkspaceId, server: &Arc<str>) {
        *self.servers.entry(Arc::clone(server)).or_default() += 1;
        *self.workspaces.entry(workspace).or_default() += 1;
        self.in_all += 1;
    }

    pub fn end(&mut self, workspace: WorkspaceId, server: &Arc<str>) {
        if let Some(count) = self.servers.get_mut(server) {
            *count -= 1;
            if *count == 0 {
                self.servers.remove(server);
            }
        }
        if let Some(count) = self.workspaces.get_mut(&workspace) {
            *count -= 1;
            if *count == 0 {
                self.workspaces.remove(&workspace);
            }
        }
        self.in_all = self.in_all.saturating_sub(1);
    }

    fn has_room(&self, waiting: &Waiting, limits: Limits) -> bool {
        self.in_all < limits.in_all
            && self.servers.get(&waiting.server).copied().unwrap_or(0) < limits.per_server
            && self.workspace(waiting.workspace) < limits.per_workspace
    }
}

/// Who goes next, at most `most`. First the workspace with the least under way, and in it what is most urgent, then what
/// has waited longest. How urgent a workspace's own posts are gives it no more turns: publishing to hundreds of accounts by
/// hand would stand before every other tenant's scheduled posts. Of a server that failed at most one goes, one that has
/// room: a trial given to one that has none would keep the others from trying.
pub fn choose(mut waiting: Vec<Waiting>, under_way: &UnderWay, limits: Limits, most: usize) -> Vec<Waiting> {
    waiting.sort_by_key(|one| (one.priority, one.due_at, one.account));
    let mut turns: HashMap<WorkspaceId, usize> = HashMap::new();
    let mut ranked: Vec<(usize, Waiting)> = waiting
        .into_iter()
        .map(|one| {
            let turn = turns.entry(one.workspace).or_insert_with(|| under_way.workspace(one.workspace));
            *turn += 1;
            (*turn, one)
        })
        .collect();
    ranked.sort_by_key(|(turn, one)| (*turn, one.priority, one.due_at));
    let mut filled = under_way.clone();
    let mut tried: HashSet<Arc<str>> = HashSet::new();
    let mut chosen = Vec::new();
    for (_, one) in ranked {
        if chosen.len() == most {
            break;
        }
        if filled.has_room(&one, limits) && (!one.trial || tried.insert(Arc::clone(&one.server))) {
            filled.begin(one.workspace, &one.server);
            chosen.push(one);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const LIMITS: Limits = Limits::from_connections(4);

    fn waiting(workspace: u128, account: u128, server: u8, priority: i16, due: i64) -> Waiting {
        Waiting {
            workspace: WorkspaceId(Uuid::from_u128(workspace)),
            account: AccountId(Uuid::from_u128(account)),
            server: Arc::from(format!("sandbox {server}")),
            priority,
            due_at: Timestamp::from_micros(due).unwrap(),
            trial: false,
        }
    }

    proptest! {
        /// No limit is passed, nobody is chosen twice, and nobody is left out while there is room.
        #[test]
        fn limits_hold_and_no_room_is_left(
            lanes in proptest::collection::vec((0_u128..5, 0_u8..4, 0_i16..3, 0_i64..50), 0..60),
            before in proptest::collection::vec((0_u128..5, 0_u8..4), 0..10),
            most in 0_usize..30,
        ) {
            let all: Vec<_> = lanes.into_iter().enumerate()
                .map(|(number, (workspace, server, priority, due))| waiting(workspace, number as u128, server, priority, due))
                .collect();
            let mut under_way = UnderWay::default();
            for (workspace, server) in before {
                let one = waiting(workspace, 0, server, 1, 0);
                if under_way.has_room(&one, LIMITS) {
                    under_way.begin(one.workspace, &one.server);
                }
            }
            let chosen = choose(all.clone(), &under_way, LIMITS, most);
            let mut filled = under_way.clone();
            for one in &chosen {
                prop_assert!(filled.has_room(one, LIMITS));
                filled.begin(one.workspace, &one.server);
            }
            let mut accounts: Vec<_> = chosen.iter().map(|one| one.account).collect();
            accounts.sort();
            accounts.dedup();
            prop_assert_eq!(accounts.len(), chosen.len());
            let left = all.iter().filter(|one| !chosen.contains(one)).any(|one| filled.has_room(one, LIMITS));
            prop_assert!(chosen.len() == most || !left);
            for one in &chosen {
                filled.end(one.workspace, &one.server);
            }
            prop_assert_eq!(filled, under_way);
        }

        /// However many accounts of one workspace wait, however long, and however urgent either is: another's first is
        /// among the next two.
        #[test]
        fn a_backlog_stands_before_nobody(
            backlog in proptest::collection::vec(0_i16..3, 1..200),
            priority in 0_i16..3,
            due in 1000_i64..2000,
        ) {
            let mut all: Vec<_> =
                backlog.into_iter().enumerate().map(|(account, urgent)| waiting(1, account as u128, 1, urgent, 0)).collect();
            all.push(waiting(2, 500, 1, priority, due));
            let chosen = choose(all, &UnderWay::default(), LIMITS, 2);
            prop_assert!(chosen.iter().any(|one| one.account == AccountId(Uuid::from_u128(500))));
        }

        /// Of a server that failed one goes, if any of those that wait for it has room, and the others are no fewer for it.
        #[test]
        fn one_tries_and_it_is_one_with_room(
            lanes in proptest::collection::vec((0_u128..4, 0_u8..3, 0_i16..3, 0_i64..50), 0..40),
            full in proptest::collection::btree_set(0_u128..4, 0..4),
        ) {
            let all: Vec<_> = lanes.into_iter().enumerate()
                .map(|(number, (workspace, server, priority, due))| Waiting {
                    trial: server == 0,
                    ..waiting(workspace, number as u128, server, priority, due)
                })
                .collect();
            let limits = Limits { per_server: 100, per_workspace: 50, in_all: 1000 };
            let mut under_way = UnderWay::default();
            for workspace in &full {
                (0..50).for_each(|_| under_way.begin(WorkspaceId(Uuid::from_u128(*workspace)), &Arc::from("elsewhere")));
            }
            let chosen = choose(all.clone(), &under_way, limits, 100);
            let has_room = |one: &&Waiting| !full.contains(&one.workspace.uuid().as_u128());
            let possible = all.iter().filter(has_room).any(|one| one.trial);
            prop_assert_eq!(chosen.iter().filter(|one| one.trial).count(), usize::from(possible));
            let others = all.iter().filter(has_room).filter(|one| !one.trial).count();
            prop_assert_eq!(chosen.iter().filter(|one| !one.trial).count(), others);
        }
    }

    #[test]
    fn whoever_has_least_under_way_and_then_what_is_urgent() {
        let mut under_way = UnderWay::default();
        under_way.begin(WorkspaceId(Uuid::from_u128(1)), &Arc::from("sandbox 9"));
        let all = vec![
            waiting(1, 10, 1, 1, 1),
            waiting(2, 20, 2, 1, 5),
            waiting(2, 21, 2, 2, 0),
            waiting(1, 11, 3, 0, 9),
            waiting(3, 30, 2, 1, 7),
        ];
        let order: Vec<_> =
            choose(all, &under_way, LIMITS, 9).into_iter().map(|one| one.account.uuid().as_u128()).collect();
        assert_eq!(order, [20, 30, 11, 21, 10]);
    }
}
