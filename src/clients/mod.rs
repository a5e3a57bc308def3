//! The outside world: the one HTTP client with the networks and the language model behind it, and the operator's mail
//! server. Knows nothing of the database.

pub mod embedder;
pub mod http;
pub mod llm;
pub mod mail;
pub mod networks;
