//! What the tests share: a private database for each, an application on it, servers, clients and faults.

pub mod app;
pub mod arguments;
pub mod bluesky;
pub mod cases;
pub mod client;
pub mod database;
pub mod embedding;
pub mod faults;
pub mod http;
pub mod model;
pub mod named;
pub mod people;
pub mod pictures;
pub mod process;
pub mod sandbox;
pub mod smtp;
pub mod statements;

pub use app::{Setup, TestApp};
pub use named::named;
