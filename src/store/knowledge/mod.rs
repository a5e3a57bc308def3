//! What is kept of knowledge: documents, chunks, vectors, the keyword index with its statistics, and which workspaces
//! have documents to read; questions, answers, ratings and tickets.

pub mod answers;
pub mod chunks;
pub mod documents;
pub mod due;
pub mod faces;
pub mod ratings;
pub mod search;
pub mod state;
pub mod terms;
pub mod tickets;
pub mod vectors;
pub mod words;
