//! What members are told, and how it reaches them.

mod mailed;
mod subscribed;
mod told;
