//! Kills `allin serve` with signal 9 at the four points of a publish, again and again, and counts what the network
//! accepted: each post exactly once. Not shipped: `tests/peers/run kills` starts it.
//!
//! The product has no hooks for this. A proxy between it and the network decides when the kill comes, and a row lock
//! in its database keeps a result from being stored. A kill counts only if the attempt written down proves that it
//! came at its point; otherwise it is repeated.
//!
//! `--how stop` freezes the server instead, has a second one take over, and thaws the first.
//!
//! `kill_points --network sandbox`, or `kill_points --network bluesky --pds URL`; the last line is JSON, and the exit
//! code is 1 unless every post was published once.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its report and its complaints are for whoever started it"
)]

#[path = "own_home/folder.rs"]
mod folder;
#[path = "kill_points/installation.rs"]
mod installation;
#[path = "kill_points/kills.rs"]
mod kills;
#[path = "kill_points/ledger.rs"]
mod ledger;
#[path = "kill_points/network.rs"]
mod network;
#[path = "kill_points/proxy.rs"]
mod proxy;
#[path = "kill_points/report.rs"]
mod report;
#[path = "kill_points/rounds.rs"]
mod rounds;
#[path = "kill_points/stops.rs"]
mod stops;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use allin::{
    config::Config,
    platform::{self, Home, Role, StartOptions},
};
use clap::Parser;
use url::Url;

use crate::{
    installation::Installation,
    ledger::Ledger,
    network::{Kind, Network},
    proxy::Proxy,
    report::Report,
    rounds::{How, Stage},
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
struct Arguments {
    #[arg(long, value_enum)]
    network: Kind,
    #[arg(long, value_enum, default_value_t = How::Kill)]
    how: How,
    /// Kills or stops at each point
    #[arg(long, default_value_t = 25)]
    rounds: u32,
    /// A running AT Protocol server
    #[arg(long, required_if_eq("network", "bluesky"))]
    pds: Option<Url>,
    /// Varies how long after its point each kill comes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The program; default: the one built beside this example
    #[arg(long)]
    allin: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    allin::clients::http::install_tls_provider();
    let folder = folder::folder()?;
    let report = run(&arguments, folder.path()).await?;
    println!("{}\n{}", report.line(), report.json());
    Ok(if report.all_once() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(arguments: &Arguments, folder: &Path) -> Result<Report> {
    let allin = match &arguments.allin {
        Some(path) => path.clone(),
        None => built_beside()?,
    };
    let home = Home::new(folder.join("home"))?;
    // Taking part in the cluster keeps it running between two servers, and knows the superuser's password.
    let options = StartOptions { durable: false, ..Config::from_env()?.cluster };
    let cluster = platform::start(&home, &options).await?;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
    let network = match (&arguments.pds, arguments.network) {
        (Some(pds), Kind::Bluesky) => Network::bluesky(pds.clone(), client.clone()).await?,
        _ => {
            let lent = Installation { allin: allin.clone(), home: folder.join("elsewhere"), settings: Vec::new() };
            Network::sandbox(&lent, client.clone()).await?
        }
    };
    let proxy = Proxy::start(network.url.clone(), client).await?;
    let media = folder.join("media");
    std::fs::create_dir(&media)?;
    let image = media.join("square.png");
    image::RgbImage::from_pixel(32, 32, image::Rgb([40, 90, 160])).save(&image)?;
    let mut settings = network.settings(proxy.port());
    settings.push(("ALLIN_MEDIA_DIRS", media.to_string_lossy().into_owned()));
    let installation = Installation { allin, home: home.root().to_owned(), settings };
    let account = network.connect(&installation, proxy.port()).await?;
    let ledger = Ledger::open(cluster.connect_options(Role::Superuser)).await?;
    let mut stage = Stage::new(installation, network, proxy, ledger, arguments.seed).await?;
    let done = stage.play(arguments.how, &account, &image, arguments.rounds).await;
    if done.is_err() {
        eprintln!("{}", stage.end_of_log());
    }
    stage.close().await?;
    cluster.leave().await?;
    done
}

fn built_beside() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).ok_or("this example lies nowhere")?;
    Ok(folder.join(format!("allin{}", std::env::consts::EXE_SUFFIX)))
}
