//! Contracts: what must stay true of the source tree, the dependencies and the database, whatever is built next.
//! Each test reads the project as it is; a table that has to be changed says why.

mod files;
mod kb;
pub mod keys;
mod layers;
mod licences;
mod places;
mod source;
pub mod states;
mod tracked;
