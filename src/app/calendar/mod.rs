//! The calendar: what goes out when, as data, as a page and as a picture.

pub mod get;
pub mod link;
pub mod picture;
