//! What personal data takes: reading any table page by page, erasing people and workspaces, removing what is old. Which
//! tables there are, and what is done with each, is in `model/privacy`.

pub mod erase;
pub mod knowledge;
pub mod retention;
mod rows;
pub mod workspace;

pub use rows::{About, page, person};
