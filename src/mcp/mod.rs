//! The MCP server: what a client of either protocol era sees of the tools, resources and prompts. Knows protocol types and the
//! registry; every call goes to a use case.

mod ask;
mod ear;
mod keys;
mod prompts;
mod relay;
mod results;
mod server;
mod shown;
mod subscriptions;
mod welcome;

pub use keys::{Keys, Sessions};
pub use server::{Caller, Server};
