//! From due to public, exactly once. `deliver` takes one target as far as it can; the other files are its steps.
//! A call that could make something public is made between two transactions, after an attempt was written down, and
//! never twice without looking in between.

pub mod arm;
pub mod claim;
pub mod deliver;
pub mod doubt;
pub mod editing;
pub mod engine;
pub mod holds;
pub mod look;
pub mod outgoing;
pub mod presence;
pub mod public;
pub mod reconcile;
pub mod record;
pub mod removal;
pub mod settle;
pub mod together;
pub mod tokens;
pub mod world;
