//! The outside world: the one HTTP client with networks, pages and models behind it, and the operator's mail server. Knows
//! nothing of the database.

pub mod embedder;
pub mod http;
pub mod llm;
pub mod mail;
pub mod networks;
pub mod pages;
