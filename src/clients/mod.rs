//! The outside world: the one HTTP client and the networks behind it. Knows nothing of the database.

pub mod http;
pub mod mail;
pub mod networks;
