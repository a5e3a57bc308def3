//! Publishing and deleting ask the person, whatever the client can do.

mod confirmations;
mod questions;
