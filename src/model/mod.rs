//! Plain types and pure rules: no I/O, no clock, no randomness.

pub mod accounts;
pub mod best_time;
pub mod bluesky;
pub mod calendar;
pub mod facets;
pub mod imports;
pub mod markup;
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
pub mod spread;
pub mod states;
pub mod statistics;
pub mod tags;
pub mod times;
pub mod turns;
