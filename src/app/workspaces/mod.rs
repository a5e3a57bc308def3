//! Workspaces.

pub mod change;
pub mod create;
pub mod overview;
pub mod restored;
pub mod transfer;
