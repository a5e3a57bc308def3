//! Plain types and pure rules: no I/O, no clock, no randomness.

pub mod accounts;
pub mod bluesky;
pub mod facets;
pub mod media;
pub mod network_rules;
pub mod networks;
pub mod pauses;
pub mod posts;
pub mod queue;
pub mod roles;
pub mod sandbox;
pub mod states;
pub mod times;
pub mod turns;
