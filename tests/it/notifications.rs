//! What members are told, and how it reaches them.

mod choices;
mod gathered;
mod letters;
mod mailed;
mod subscribed;
mod told;
