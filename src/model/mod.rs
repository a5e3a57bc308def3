//! Plain types and pure rules: no I/O, no clock, no randomness.

pub mod accounts;
pub mod best_time;
pub mod bluesky;
pub mod facets;
pub mod media;
pub mod metrics;
pub mod network_rules;
pub mod networks;
pub mod pauses;
pub mod posts;
pub mod queue;
pub mod recycling;
pub mod roles;
pub mod sandbox;
pub mod series;
pub mod spread;
pub mod states;
pub mod statistics;
pub mod times;
