//! The last moment at which a call may begin to be sent. It is looked at when the body is asked for, which is after the
//! connection stands and directly before the first byte is written: a request without its body is none. Whoever sleeps
//! between deciding and sending (a stopped process, a suspended machine) wakes up, finds the time over, and sends nothing.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures::Stream;

use crate::clock::Clock;

#[derive(Clone)]
pub struct SendBy {
    clock: Arc<dyn Clock>,
    /// On the clock that counts the time a machine is suspended.
    boot_millis: u64,
    withheld: Arc<AtomicBool>,
}

impl SendBy {
    pub fn new(clock: Arc<dyn Clock>, boot_millis: u64) -> Self {
        Self { clock, boot_millis, withheld: Arc::default() }
    }

    fn passed(&self) -> bool {
        self.clock.boot_millis() > self.boot_millis
    }

    /// A body that fails, before anything of it is given out, when the time is over.
    pub(super) fn guard(self, body: Bytes) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        futures::stream::once(async move {
            if self.passed() {
                self.withheld.store(true, Ordering::Release);
                return Err(io::Error::other("too late to be sent"));
            }
            Ok(body)
        })
    }

    /// Whether it was too late.
    pub fn withheld(&self) -> bool {
        self.withheld.load(Ordering::Acquire)
    }
}
