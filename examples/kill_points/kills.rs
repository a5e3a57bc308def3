//! Kills a server with signal 9 at a point of a publish, and starts the next one.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::{
    Result,
    installation::Draft,
    proxy::Step,
    rounds::{Came, PATIENCE, Point, Stage},
};

impl Stage {
    pub async fn kill_at(&mut self, point: Point, draft: &Draft) -> Result<Came> {
        let step = if point == Point::BeforeArmed { Step::Prepare } else { Step::Publish };
        let held = self.proxy.hold(step);
        self.installation.schedule(draft).await?;
        let held = timeout(PATIENCE, held).await.map_err(|_| "the server never called the network")??;
        let armed = step == Step::Prepare || !self.ledger.read(&draft.id).await?.attempts.is_empty();
        let mut reached = true;
        match point {
            Point::BeforeArmed | Point::BeforeCall | Point::AfterArmed => {
                self.kill().await?;
                drop(held);
            }
            Point::AfterAccepted => {
                let answered = held.forward().await;
                reached = answered.as_ref().is_some_and(|answered| answered.status.is_success());
                self.kill().await?;
            }
            Point::BeforeStored => {
                let lock = self.ledger.lock(&draft.id).await?;
                if let Some(answered) = held.forward().await {
                    reached = answered.status.is_success();
                    answered.pass_on();
                }
                reached &= self.ledger.waits_for(&lock, Duration::from_secs(2)).await?;
                self.kill().await?;
                lock.release().await?;
            }
        }
        let written = self.ledger.read(&draft.id).await?;
        self.server = self.installation.serve().await?;
        let as_meant = match point {
            Point::BeforeArmed => written.attempts.is_empty() && written.target == "scheduled",
            _ => written.attempts == ["armed"] && written.target == "publishing",
        };
        Ok(match (armed, reached && as_meant) {
            (false, _) => Came::ForUnarmedCall,
            (true, true) => Came::AtPoint,
            (true, false) => Came::Elsewhere,
        })
    }

    /// Signal 9, up to twenty milliseconds from now.
    async fn kill(&mut self) -> Result<()> {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        sleep(Duration::from_millis(self.random % 21)).await;
        self.server.kill().await?;
        Ok(())
    }
}
