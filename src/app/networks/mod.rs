//! What each network accepts.

pub mod rules;
