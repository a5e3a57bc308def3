//! What the audit log costs, and how fast it is verified: writes per second at 16 connections with and without it, in the
//! same run and in turns, and the verification of a million entries that were chained and signed as usual.
//!
//!     cargo run --release --example bench_audit -- --entries 1000000
//!
//! The last line is JSON. Audited rounds chain what they and the ones before them wrote.

#[path = "bench_audit/log.rs"]
mod log;
#[path = "own_home/mod.rs"]
mod own_home;
#[path = "bench_audit/writes.rs"]
mod writes;

use std::{io::Write as _, process::ExitCode};

use allin::{
    boot::{Booted, SandboxUse},
    error::{Error, Result},
};
use clap::Parser;
use serde_json::{Value, json};

#[derive(Parser)]
struct Arguments {
    /// Entries to verify
    #[arg(long, default_value_t = 1_000_000)]
    entries: i64,
    /// Rounds with and without the log, of each kind of write
    #[arg(long, default_value_t = 12)]
    rounds: usize,
    /// Seconds that a round takes
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

fn main() -> ExitCode {
    own_home::main(async || bench(&Arguments::parse()).await)
}

async fn bench(arguments: &Arguments) -> Result<bool> {
    let measured = async |booted: &Booted| measure(booted, arguments).await;
    let mut line = own_home::inside(|config| config.pool_size = 24, SandboxUse::Call, measured).await?;
    if let Some(line) = line.as_object_mut() {
        line.insert("connections".into(), json!(writes::CONNECTIONS));
    }
    say(&line.to_string()).map(|()| true)
}

async fn measure(booted: &Booted, arguments: &Arguments) -> Result<Value> {
    let mut line = serde_json::Map::new();
    for kind in [writes::Kind::Mark, writes::Kind::Draft] {
        say(&format!("{} with and without the log", kind.name()))?;
        line.extend(writes::compare(booted, kind, arguments.rounds, arguments.seconds).await?);
    }
    say(&format!("{} entries", arguments.entries))?;
    line.extend(log::verified(booted, arguments.entries).await?);
    Ok(Value::Object(line))
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(Error::internal)
}
