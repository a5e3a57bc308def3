//! API keys of the HTTP interfaces.

pub mod authenticate;
pub mod create;
pub mod list;
pub mod revoke;
