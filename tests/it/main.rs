//! The one integration binary: the product through the surfaces that its users have, on a real PostgreSQL and on
//! servers that answer over sockets. One module per noun; what they share is in `support`. Made for `cargo nextest run`,
//! where each test has its process; `cargo test` works too.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::type_complexity,
    reason = "tests fail loudly, and what they share is no test to clippy"
)]

mod support;

mod activity;
mod answers;
mod approvals;
mod asking;
mod audit;
mod backup;
mod best_times;
mod calendar;
mod campaigns;
mod cancellation;
mod cli;
mod clock;
mod comments;
mod contract;
mod crisis;
mod documents;
mod edits;
mod embedder;
mod evaluate;
mod held;
mod http;
mod imports;
mod invitations;
mod isolation;
mod knowledge;
mod members;
mod metrics;
mod notifications;
mod pauses;
mod people;
mod permissions;
mod plans;
mod posts;
mod privacy;
mod processes;
mod publishing;
mod receipts;
mod recycling;
mod restored;
mod sandbox;
mod schedule;
mod schema;
mod tasks;
mod tickets;
mod tools;
mod vectors;
mod versions;
