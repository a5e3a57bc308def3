//! Posts from the draft to the network: through the use cases, the publisher's step and the sandbox's log.

mod changes;
mod holds;
mod labels;
mod life;
mod likeness;
mod media;
mod preview;
mod races;
mod refusals;
mod repeats;
mod states;
