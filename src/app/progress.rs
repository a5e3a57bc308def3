//! How far a long call is, for whoever waits for it. Nobody has to listen.

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// A step of a call: `done` of `total`, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub done: u64,
    pub total: u64,
    pub what: &'static str,
}

/// Where a use case tells its steps; the default tells nobody.
#[derive(Debug, Clone, Default)]
pub struct Progress(Option<UnboundedSender<Step>>);

impl Progress {
    /// One to hand into a call, and the steps that come out of it.
    pub fn channel() -> (Self, UnboundedReceiver<Step>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(Some(sender)), receiver)
    }

    pub fn tell(&self, done: usize, total: usize, what: &'static str) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        if let Some(sender) = &self.0 {
            // Whoever has stopped listening misses nothing that matters.
            _ = sender.send(Step { done: count(done), total: count(total), what });
        }
    }
}
