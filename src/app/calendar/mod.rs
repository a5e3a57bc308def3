//! The calendar: what goes out when.

pub mod get;
