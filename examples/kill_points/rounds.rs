//! One kill after the other: reach the point, kill, start again, wait, and compare what was written down with what the
//! network has.

use std::{path::Path, time::Duration};

use tokio::{
    process::Child,
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use crate::{
    Result,
    installation::{Draft, Installation},
    ledger::{Ledger, Written},
    network::Network,
    proxy::{Proxy, Step},
    report::{Report, Verdict},
};

/// How long a post may take until it is public after a kill.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a kill may come at the wrong moment before the machine is called too slow for this.
const MISSES_MAX: u32 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    BeforeArmed,
    AfterArmed,
    AfterAccepted,
    BeforeStored,
}

impl Point {
    pub const ALL: [Self; 4] = [Self::BeforeArmed, Self::AfterArmed, Self::AfterAccepted, Self::BeforeStored];

    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeArmed => "before_armed",
            Self::AfterArmed => "after_armed",
            Self::AfterAccepted => "after_accepted",
            Self::BeforeStored => "before_stored",
        }
    }
}

/// When a kill came, by what is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kill {
    AtPoint,
    /// Too late, because the machine was slow.
    Missed,
    /// The network was called without an armed attempt.
    OfUnarmedCall,
}

pub struct Stage {
    installation: Installation,
    network: Network,
    proxy: Proxy,
    ledger: Ledger,
    server: Child,
    random: u64,
}

impl Stage {
    pub async fn new(
        installation: Installation,
        network: Network,
        proxy: Proxy,
        ledger: Ledger,
        seed: u64,
    ) -> Result<Self> {
        let server = installation.serve().await?;
        // The generator stands still at zero.
        Ok(Self { installation, network, proxy, ledger, server, random: seed.wrapping_mul(2).wrapping_add(1) })
    }

    pub fn end_of_log(&self) -> String {
        self.installation.end_of_log()
    }

    pub async fn play(&mut self, account: &str, image: &Path, rounds: u32) -> Result<Report> {
        let mut report = Report::new(self.network.name());
        let mut drafts = self.drafts(account, image);
        let mut texts = Vec::new();
        for round in 1..=rounds {
            for point in Point::ALL {
                loop {
                    let began = Instant::now();
                    let draft = drafts.recv().await.ok_or("no more drafts")??;
                    texts.push(draft.text.clone());
                    let kill = self.kill_at(point, &draft).await?;
                    self.server = self.installation.serve().await?;
                    let (mut verdict, written) = self.judge(&draft).await?;
                    if verdict == Verdict::Once && kill == Kill::OfUnarmedCall {
                        verdict = Verdict::Muddled;
                    }
                    let hit = kill != Kill::Missed || verdict != Verdict::Once;
                    let seconds = began.elapsed().as_secs_f32();
                    let point_name = if hit { point.name() } else { "missed the point" };
                    println!(
                        "{round:>3}/{rounds} {point_name:<16} {verdict:?}: attempts {} ({seconds:.1} s)",
                        written.attempts.join(", ")
                    );
                    report.add(point, hit, verdict);
                    if hit {
                        break;
                    }
                    if report.missed() > MISSES_MAX {
                        return Err("the kills come too late: this machine is too slow for the settings".into());
                    }
                }
            }
        }
        self.look_again(&texts, &mut report).await?;
        Ok(report)
    }

    /// Drafts made while the last post is waited for.
    fn drafts(&self, account: &str, image: &Path) -> mpsc::Receiver<Result<Draft>> {
        let (give, take) = mpsc::channel(1);
        let (installation, account, image) = (self.installation.clone(), account.to_owned(), image.to_owned());
        tokio::spawn(async move {
            for number in 1_u32.. {
                let draft = installation.draft(&account, &format!("Post number {number}"), &image).await;
                if give.send(draft).await.is_err() {
                    return;
                }
            }
        });
        take
    }

    async fn kill_at(&mut self, point: Point, draft: &Draft) -> Result<Kill> {
        let step = if point == Point::BeforeArmed { Step::Prepare } else { Step::Publish };
        let held = self.proxy.hold(step);
        self.installation.schedule(draft).await?;
        let held = timeout(PATIENCE, held).await.map_err(|_| "the server never called the network")??;
        let armed = step == Step::Prepare || !self.ledger.read(&draft.id).await?.attempts.is_empty();
        let mut reached = true;
        match point {
            Point::BeforeArmed | Point::AfterArmed => {
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
                reached &= self.ledger.waits_for(&lock).await?;
                self.kill().await?;
                lock.release().await?;
            }
        }
        let written = self.ledger.read(&draft.id).await?;
        let as_meant = match point {
            Point::BeforeArmed => written.attempts.is_empty() && written.target == "scheduled",
            _ => written.attempts == ["armed"] && written.target == "publishing",
        };
        Ok(match (armed, reached && as_meant) {
            (false, _) => Kill::OfUnarmedCall,
            (true, true) => Kill::AtPoint,
            (true, false) => Kill::Missed,
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

    /// Waits until the post is public, and counts.
    async fn judge(&mut self, draft: &Draft) -> Result<(Verdict, Written)> {
        let patience = Instant::now() + PATIENCE;
        let mut written = self.ledger.read(&draft.id).await?;
        while written.target != "published" && Instant::now() < patience {
            sleep(Duration::from_millis(20)).await;
            written = self.ledger.read(&draft.id).await?;
        }
        let status = self.installation.status(draft).await?;
        let verdict = self.count(&draft.text, Some(&written)).await?;
        Ok((if status == "published" { verdict } else { Verdict::Lost }, written))
    }

    async fn count(&self, text: &str, written: Option<&Written>) -> Result<Verdict> {
        let shown: Vec<_> = self.network.shown().await?.into_iter().filter(|shown| shown.text == text).collect();
        let accepted = self.proxy.accepted(text);
        Ok(match shown.as_slice() {
            [] => Verdict::Lost,
            // A key that is derived hides a second call from those who only look at the records.
            [_, _, ..] => Verdict::Double,
            _ if accepted > 1 => Verdict::Double,
            [one] if written.is_some_and(|written| !sensible(written, &one.id)) => Verdict::Muddled,
            [_] => Verdict::Once,
        })
    }

    /// Nothing may come late: everything is counted once more when all leases and waiting times are over.
    async fn look_again(&mut self, texts: &[String], report: &mut Report) -> Result<()> {
        sleep(Duration::from_secs(3)).await;
        for text in texts {
            if self.count(text, None).await? != Verdict::Once {
                report.changed_later(text);
            }
        }
        let strangers = self.network.shown().await?.into_iter().filter(|shown| !texts.contains(&shown.text));
        strangers.for_each(|shown| report.changed_later(&shown.text));
        Ok(())
    }

    pub async fn close(mut self) -> Result<()> {
        self.server.kill().await?;
        Ok(())
    }
}

/// One attempt was published and the last; those before it were proved to have made nothing public.
fn sensible(written: &Written, id: &str) -> bool {
    let Some((last, before)) = written.attempts.split_last() else { return false };
    last == "published"
        && before.iter().all(|state| matches!(state.as_str(), "absent" | "rejected"))
        && written.remote.as_deref() == Some(id)
        && !written.queued
}
