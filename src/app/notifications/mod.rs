//! What members are told: posts that failed or wait, accounts that have to be connected again, and what they say to each
//! other. Written in the transaction of what they tell of; mail and subscriptions follow from that.

pub mod choose;
mod gathered;
pub mod letters;
pub mod list;
pub mod mail;
pub mod mark_read;
pub mod note;
pub mod tell;
