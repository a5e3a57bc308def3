//! What the tests share: a private database for each, an application on it, servers, clients and faults.

pub mod app;
pub mod database;
pub mod people;
pub mod sandbox;

pub use app::{Setup, TestApp};

/// Reads a JSON value by its pointer, failing with the whole value.
#[track_caller]
pub fn at<'a>(value: &'a serde_json::Value, pointer: &str) -> &'a serde_json::Value {
    value.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer} in {value:#}"))
}
