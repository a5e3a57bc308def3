//! What happens to the servers and to everything around them, by the dice: the seed decides the plan. Knows nothing of
//! what comes of it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use allin::platform::{self, Home};
use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::{
    Result, disk::Disk, feeder::Feeder, installation::Installation, ledger::Ledger, network::Network, relay::Relay,
    verdict::Verdict, workers::Workers,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Kind {
    /// Signal 9 to a server.
    Kill,
    /// A server stands still for longer than its lease, and goes on.
    Stop,
    /// PostgreSQL ends at once, and is started again by whoever notices.
    Postgres,
    /// Database sessions end.
    Sessions,
    /// Connections to the network break.
    Cut,
    /// The way to the network is long for a second.
    Slow,
    /// The disk of the home is full for a while.
    Disk,
    /// The network loses, delays and refuses calls.
    Network,
}

impl Kind {
    const ALL: [Self; 8] =
        [Self::Kill, Self::Stop, Self::Postgres, Self::Sessions, Self::Cut, Self::Slow, Self::Disk, Self::Network];

    /// It happens about once in so many steps, and once at least.
    const fn once_in(self) -> u32 {
        match self {
            Self::Kill | Self::Network => 1,
            Self::Sessions | Self::Cut => 10,
            Self::Stop | Self::Slow => 25,
            Self::Postgres => 50,
            Self::Disk => 200,
        }
    }
}

/// The campaign's own randomness (xorshift64*).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // The generator stands still at zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn throw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.throw() % limit.max(1)
    }
}

pub struct Campaign<'a> {
    dice: Dice,
    kinds: Vec<Kind>,
    seed: u64,
    workers: Workers,
    feeder: Feeder,
    network: Network,
    relay: Relay,
    ledger: Ledger,
    disk: Option<&'a Disk>,
    home: PathBuf,
    happened: BTreeMap<String, u64>,
}

impl<'a> Campaign<'a> {
    #[expect(clippy::too_many_arguments, reason = "the whole stage, put together once")]
    pub fn new(
        seed: u64,
        only: &[Kind],
        workers: Workers,
        feeder: Feeder,
        network: Network,
        relay: Relay,
        ledger: Ledger,
        disk: Option<&'a Disk>,
        home: &Path,
    ) -> Self {
        let mut kinds = if only.is_empty() { Kind::ALL.to_vec() } else { only.to_vec() };
        kinds.retain(|kind| *kind != Kind::Disk || disk.is_some());
        let (home, happened) = (home.to_owned(), BTreeMap::new());
        Self { dice: Dice::new(seed), kinds, seed, workers, feeder, network, relay, ledger, disk, home, happened }
    }

    /// Step after step: posts are scheduled, and at some moment harm comes.
    pub async fn play(&mut self, steps: u32, posts: u32, workers: Option<usize>) -> Result<()> {
        if self.kinds.contains(&Kind::Network) {
            self.network.misbehave(self.seed).await?;
        }
        let mut told = Instant::now();
        for step in 0..steps {
            let count = workers.unwrap_or(match step * 3 / steps.max(1) {
                0 => 1,
                1 => 2,
                _ => 4,
            });
            for _ in 0..posts {
                self.feeder.feed(&mut self.dice).await?;
            }
            self.feeder.take_back().await?;
            for kind in self.kinds.clone() {
                let times = (steps / kind.once_in()).max(1);
                // Spread evenly over the steps.
                if (step + 1) * times / steps > step * times / steps {
                    sleep(Duration::from_millis(self.dice.below(120))).await;
                    self.harm(kind, count).await?;
                }
            }
            if told.elapsed() > Duration::from_secs(30) {
                told = Instant::now();
                eprintln!("step {step} of {steps}: {:?}", self.happened);
            }
        }
        Ok(())
    }

    async fn harm(&mut self, kind: Kind, count: usize) -> Result<()> {
        match kind {
            Kind::Network => return Ok(()),
            Kind::Kill | Kind::Stop => {
                let pick = self.dice.throw();
                let Some(at) = self.workers.ready(count, pick).await? else {
                    return Err("no server comes up any more".into());
                };
                sleep(Duration::from_millis(self.dice.below(60))).await;
                if kind == Kind::Kill {
                    self.workers.kill(at).await?;
                } else {
                    // Longer than the lease and the time until somebody else looks.
                    let time = Duration::from_millis(8500 + self.dice.below(3000));
                    self.workers.stop(at, time)?;
                }
                self.workers.keep(count).await?;
            }
            Kind::Postgres => self.end_postgres().await?,
            // It may be away already.
            Kind::Sessions => _ = self.ledger.end_sessions().await,
            Kind::Cut => self.relay.cut_all(),
            Kind::Slow => {
                self.relay.delay(Duration::from_millis(100));
                sleep(Duration::from_secs(1)).await;
                self.relay.delay(Duration::ZERO);
            }
            Kind::Disk => {
                if let Some(disk) = self.disk {
                    disk.fill_for(Duration::from_millis(500 + self.dice.below(1500))).await?;
                }
            }
        }
        *self.happened.entry(format!("{kind:?}").to_lowercase()).or_default() += 1;
        Ok(())
    }

    /// PostgreSQL's immediate shutdown: nothing is finished, and the next start recovers.
    async fn end_postgres(&self) -> Result<()> {
        let status = platform::status(&Home::new(self.home.clone())?).await?;
        if let Some(pid) = status.pid.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            // It may have ended by itself just now.
            _ = kill_process(pid, Signal::QUIT);
        }
        Ok(())
    }

    /// No more harm: everything comes to its end, and is judged.
    pub async fn end(mut self, patience: Duration, installation: &Installation) -> Result<Verdict> {
        let network = self.network.behave().await?;
        self.relay.delay(Duration::ZERO);
        let until = Instant::now() + patience;
        while Instant::now() < until {
            self.workers.keep(2).await?;
            self.feeder.take_back().await?;
            // The database may still be recovering.
            if self.ledger.open().await.is_ok_and(|open| open == 0) {
                break;
            }
            sleep(Duration::from_millis(200)).await;
        }
        // Nothing may come late: longer than any call, lease and waiting time.
        sleep(Duration::from_secs(9)).await;
        self.workers.end().await?;
        let mut verdict = Verdict::new(
            &self.ledger.read().await?,
            &self.network.accepted()?,
            &self.feeder.promised,
            &self.feeder.taken_back,
            self.ledger.audited().await?,
        );
        verdict.happened = self.happened;
        verdict.network = network;
        let verified = installation.command().args(["audit", "verify"]).output().await?;
        if !verified.status.success() {
            let said = [&verified.stdout, &verified.stderr].map(|said| String::from_utf8_lossy(said));
            verdict.wrong.push(format!("the audit log: {}", said.join("\n")));
        }
        Ok(verdict)
    }
}
