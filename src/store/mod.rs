//! SQL and nothing else: functions on a connection, one file per noun. `db` opens the transactions.

pub mod accounts;
pub mod assets;
pub mod attempts;
pub mod audit;
pub mod confirmations;
pub mod connects;
pub mod db;
pub mod dispatch;
pub mod idempotency;
pub mod installation;
pub mod ledger;
pub mod migrate;
pub mod pauses;
pub mod posts;
pub mod queue;
pub mod restore;
pub mod server;
pub mod servers;
pub mod sessions;
pub mod targets;
pub mod tokens;
pub mod workers;
pub mod workspaces;
