//! Many posts at once: files in and out.

pub mod export;
pub mod import;

mod check;
mod clashes;
mod desk;
mod pictures;
mod repeats;
mod row;
mod write;
