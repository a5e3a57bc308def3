//! The fault campaign: `allin serve` processes publish to a practice network of its own process while they are killed,
//! stopped and cut off at random moments, and everything around them fails. In the end every target is public exactly
//! once, failed with a reason, or waits for a person.
//!
//! `fault_campaign --kills N --seed S [--mode MODE] [--only KIND,…]`. The last line is JSON; the exit code is 1 when an
//! invariant is broken. Not shipped. Clock jumps and DST are tested where the clock can be moved: `tests/it/clock.rs`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its report and its complaints are for whoever started it"
)]

#[path = "fault_campaign/disk.rs"]
mod disk;
#[path = "fault_campaign/feeder.rs"]
mod feeder;
#[path = "own_home/folder.rs"]
mod folder;
#[path = "fault_campaign/harm.rs"]
mod harm;
#[path = "kill_points/installation.rs"]
#[expect(dead_code, reason = "the kill points use the rest of it")]
mod installation;
#[path = "fault_campaign/ledger.rs"]
mod ledger;
#[path = "fault_campaign/network.rs"]
mod network;
#[path = "fault_campaign/relay.rs"]
mod relay;
#[path = "fault_campaign/verdict.rs"]
mod verdict;
#[path = "fault_campaign/window.rs"]
mod window;
#[path = "fault_campaign/workers.rs"]
mod workers;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use allin::{
    boot::{self, SandboxUse},
    config::Config,
    model::sandbox::Mode,
    platform::{self, Home, Role, StartOptions},
};
use clap::Parser;
use serde_json::json;

use crate::{
    disk::Disk,
    feeder::Feeder,
    harm::{Campaign, Kind},
    installation::Installation,
    ledger::Ledger,
    network::Network,
    relay::Relay,
    verdict::Verdict,
    workers::Workers,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How long a network may take to answer, in milliseconds. Leases and waiting times follow from it, so a small one makes
/// the campaign fast; too small, and a busy machine is late for every call.
const ANSWER_WITHIN: i64 = 2000;

#[derive(Parser)]
struct Arguments {
    /// Signal 9, so many times
    #[arg(long, default_value_t = 1000)]
    kills: u32,
    /// The same seed gives the same plan of faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the practice network offers against a post appearing twice
    #[arg(long, default_value_t = Mode::Lookup)]
    mode: Mode,
    /// Only these kinds of faults, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Posts for each kill
    #[arg(long, default_value_t = 5)]
    posts_per_kill: u32,
    /// Servers at once; default: one, two and four, a third of the kills each
    #[arg(long)]
    workers: Option<usize>,
    /// The program; default: the one built beside this example
    #[arg(long)]
    allin: Option<PathBuf>,
    /// Seconds that everything may take to come to an end after the last fault
    #[arg(long, default_value_t = 600)]
    patience: u64,
    /// Keep the folder with logs and data
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    allin::clients::http::install_tls_provider();
    let mut folder = folder::folder()?;
    folder.disable_cleanup(arguments.keep);
    let home = folder.path().join("home");
    let disk = Disk::mount(&home);
    let began = Instant::now();
    let done = run(&arguments, folder.path(), &home, disk.as_ref()).await;
    drop(disk);
    let verdict = done.inspect_err(|_| eprintln!("seed {}\n{}", arguments.seed, end_of_log(folder.path())))?;
    let window = window::measure().await?;
    let report = verdict.json([
        ("seed", json!(arguments.seed)),
        ("mode", json!(arguments.mode)),
        ("seconds", json!(began.elapsed().as_secs())),
        ("window_micros", window),
    ]);
    for broken in verdict.broken(arguments.mode) {
        eprintln!("seed {}: {broken}", arguments.seed);
    }
    println!("{report}");
    Ok(if verdict.broken(arguments.mode).is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(arguments: &Arguments, folder: &Path, home: &Path, disk: Option<&Disk>) -> Result<Verdict> {
    let allin = match &arguments.allin {
        Some(path) => path.clone(),
        None => built_beside()?,
    };
    let elsewhere = Installation { allin: allin.clone(), home: folder.join("elsewhere"), settings: Vec::new() };
    let network = Network::start(&elsewhere, arguments.mode).await?;
    let relay = Relay::start(network.port()).await?;
    let settings = vec![
        ("ALLIN_SANDBOX_URL", format!("http://127.0.0.1:{}", relay.port())),
        ("ALLIN_ANSWER_WITHIN_MS", ANSWER_WITHIN.to_string()),
        // What was committed must be there after PostgreSQL is killed.
        ("ALLIN_PG_DURABLE", "1".to_owned()),
    ];
    let installation = Installation { allin, home: home.to_owned(), settings };
    // Taking part in the cluster keeps it running between two servers, and knows the superuser's password.
    let options = StartOptions { durable: true, ..Config::from_env()?.cluster };
    let cluster = platform::start(&Home::new(home)?, &options).await?;
    let booted = boot::boot(config(home, &relay)?, SandboxUse::Call).await?;
    let feeder = Feeder::new(&booted, &installation, arguments.seed).await?;
    let ledger = Ledger::new(cluster.connect_options(Role::Superuser));
    let workers = Workers::new(installation.clone(), folder);
    let mut campaign =
        Campaign::new(arguments.seed, &arguments.only, workers, feeder, network, relay, ledger, disk, home);
    campaign.play(arguments.kills, arguments.posts_per_kill, arguments.workers).await?;
    let verdict = campaign.end(Duration::from_secs(arguments.patience), &installation).await?;
    booted.close().await?;
    cluster.leave().await?;
    Ok(verdict)
}

fn config(home: &Path, relay: &Relay) -> Result<Config> {
    let from_caller = Config::from_env()?.cluster;
    let url = format!("http://127.0.0.1:{}", relay.port());
    let mut config = Config::read(|name| match name {
        "ALLIN_HOME" => Some(home.into()),
        "ALLIN_SANDBOX_URL" => Some(url.clone().into()),
        "ALLIN_ANSWER_WITHIN_MS" => Some(ANSWER_WITHIN.to_string().into()),
        _ => None,
    })?;
    config.cluster = StartOptions { durable: true, ..from_caller };
    Ok(config)
}

fn end_of_log(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("serve.log")).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(30).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn built_beside() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).ok_or("this example lies nowhere")?;
    Ok(folder.join(format!("allin{}", std::env::consts::EXE_SUFFIX)))
}
