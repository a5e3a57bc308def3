//! One kill or stop after the other: has the server come to harm at a point, waits for the post, and compares what was
//! written down with what the network has.

use std::{path::Path, time::Duration};

use clap::ValueEnum;
use tokio::{
    process::Child,
    sync::mpsc,
    time::{Instant, sleep},
};

use crate::{
    Result,
    installation::{Draft, Installation},
    ledger::{Ledger, Written},
    network::Network,
    proxy::Proxy,
    report::{Report, Verdict},
};

/// How long a post may take until it is public after a kill.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often a kill may come at the wrong moment before the machine is called too slow for this.
const MISSES_MAX: u32 = 20;

/// What happens to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// Signal 9, then a new server.
    Kill,
    /// SIGSTOP, a second server that takes over, SIGCONT.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    BeforeArmed,
    /// Armed, and not a byte sent.
    BeforeCall,
    /// Sent, and not arrived.
    AfterArmed,
    AfterAccepted,
    BeforeStored,
}

impl Point {
    fn all(how: How) -> Vec<Self> {
        let mut all = vec![Self::BeforeArmed, Self::AfterArmed, Self::AfterAccepted, Self::BeforeStored];
        // A stopped server goes on where it was: there is one more place to be in.
        if how == How::Stop {
            all.push(Self::BeforeCall);
        }
        all
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeArmed => "before_armed",
            Self::BeforeCall => "before_call",
            Self::AfterArmed => "after_armed",
            Self::AfterAccepted => "after_accepted",
            Self::BeforeStored => "before_stored",
        }
    }
}

/// When the kill or stop came, by what is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    AtPoint,
    /// Too late, because the machine was slow.
    Elsewhere,
    /// The network was called without an armed attempt.
    ForUnarmedCall,
    /// Nobody could do the stopped server's work until it woke.
    WithoutSuccessor,
}

pub struct Stage {
    pub installation: Installation,
    network: Network,
    pub proxy: Proxy,
    pub ledger: Ledger,
    pub server: Child,
    pub random: u64,
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

    pub async fn play(&mut self, how: How, account: &str, image: &Path, rounds: u32) -> Result<Report> {
        let mut report = Report::new(self.network.name(), how);
        let mut drafts = self.drafts(account, image);
        let mut texts = Vec::new();
        for round in 1..=rounds {
            for point in Point::all(how) {
                loop {
                    let began = Instant::now();
                    let draft = drafts.recv().await.ok_or("no more drafts")??;
                    texts.push(draft.text.clone());
                    let came = match how {
                        How::Kill => self.kill_at(point, &draft).await?,
                        How::Stop => self.stop_at(point, &draft).await?,
                    };
                    let (mut verdict, written) = self.judge(&draft).await?;
                    match (verdict, came) {
                        (Verdict::Once, Came::ForUnarmedCall) => verdict = Verdict::Muddled,
                        (Verdict::Once, Came::WithoutSuccessor) => verdict = Verdict::Lost,
                        _ => {}
                    }
                    let hit = came != Came::Elsewhere || verdict != Verdict::Once;
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
                        return Err("kills and stops come too late: this machine is too slow for the settings".into());
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
