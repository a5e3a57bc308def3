//! What is kept of knowledge: documents, chunks, vectors, the keyword index with its statistics, and which workspaces
//! have documents to read.

pub mod chunks;
pub mod documents;
pub mod due;
pub mod search;
pub mod state;
pub mod terms;
pub mod vectors;
