//! Tools and resources as clients see them.

mod faces;
mod profiles;
mod prompts;
mod results;
