//! Stops a server with SIGSTOP instead of killing it, lets a second one on the same home take its work over, and wakes
//! the first again: what it still holds in its hands must not become a second call.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::{
    Result,
    installation::Draft,
    proxy::{Answered, Held, Step},
    rounds::{Came, PATIENCE, Point, Stage},
};

/// Longer than a woken server still waits for any answer.
const AFTERWARDS: Duration = Duration::from_millis(1500);

/// What the stopped server is in the middle of.
enum Pending {
    Nothing,
    Call(Held),
    Answer(Answered),
}

impl Stage {
    pub async fn stop_at(&mut self, point: Point, draft: &Draft) -> Result<Came> {
        let (pending, reached) = match point {
            Point::BeforeCall => (Pending::Nothing, self.stop_before_call(draft).await?),
            _ => self.stop_in_call(point, draft).await?,
        };
        let written = self.ledger.read(&draft.id).await?;
        let as_meant = match point {
            Point::BeforeArmed => written.attempts.is_empty(),
            _ => written.attempts == ["armed"],
        };
        let second = self.installation.serve().await?;
        let patience = Instant::now() + PATIENCE;
        let mut taken_over = false;
        while !taken_over && Instant::now() < patience {
            sleep(Duration::from_millis(20)).await;
            taken_over = self.ledger.read(&draft.id).await?.target == "published";
        }
        match pending {
            // An upload may go through. A visible call may not: no network takes one after the time-out.
            Pending::Call(held) if point == Point::BeforeArmed => {
                if let Some(answered) = held.forward().await {
                    answered.pass_on();
                }
            }
            Pending::Answer(answered) => answered.pass_on(),
            Pending::Call(_) | Pending::Nothing => {}
        }
        self.wake()?;
        sleep(AFTERWARDS).await;
        self.server.kill().await?;
        self.server = second;
        Ok(match (taken_over, reached && as_meant) {
            (false, _) => Came::WithoutSuccessor,
            (true, true) => Came::AtPoint,
            (true, false) => Came::Elsewhere,
        })
    }

    /// Between the commit that arms the attempt and the first byte of the call.
    async fn stop_before_call(&mut self, draft: &Draft) -> Result<bool> {
        let gate = self.ledger.hold_arming().await?;
        self.installation.schedule(draft).await?;
        let waits = self.ledger.waits_for(&gate, PATIENCE).await?;
        self.stop()?;
        gate.release().await?;
        let patience = Instant::now() + Duration::from_secs(2);
        while self.ledger.read(&draft.id).await?.attempts.is_empty() && Instant::now() < patience {
            sleep(Duration::from_millis(5)).await;
        }
        Ok(waits)
    }

    async fn stop_in_call(&mut self, point: Point, draft: &Draft) -> Result<(Pending, bool)> {
        let step = if point == Point::BeforeArmed { Step::Prepare } else { Step::Publish };
        let held = self.proxy.hold(step);
        self.installation.schedule(draft).await?;
        let held = timeout(PATIENCE, held).await.map_err(|_| "the server never called the network")??;
        if matches!(point, Point::BeforeArmed | Point::AfterArmed) {
            self.stop()?;
            return Ok((Pending::Call(held), true));
        }
        let lock = match point {
            Point::BeforeStored => Some(self.ledger.lock(&draft.id).await?),
            _ => None,
        };
        let Some(answered) = held.forward().await else { return Ok((Pending::Nothing, false)) };
        let reached = answered.status.is_success();
        let Some(lock) = lock else {
            self.stop()?;
            return Ok((Pending::Answer(answered), reached));
        };
        answered.pass_on();
        let waits = self.ledger.waits_for(&lock, Duration::from_secs(2)).await?;
        self.stop()?;
        // From here on the stopped server's own transaction holds the row.
        lock.release().await?;
        Ok((Pending::Nothing, reached && waits))
    }

    fn stop(&self) -> Result<()> {
        self.signal(true)
    }

    fn wake(&self) -> Result<()> {
        self.signal(false)
    }

    #[cfg(unix)]
    fn signal(&self, stop: bool) -> Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        let id = self.server.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or("the server is gone")?;
        Ok(kill_process(id, if stop { Signal::STOP } else { Signal::CONT })?)
    }

    #[cfg(not(unix))]
    fn signal(&self, _: bool) -> Result<()> {
        Err("processes can be stopped and woken on Unix only".into())
    }
}
