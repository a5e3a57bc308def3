//! Calls per second and latency of `post_query` (a page of 20 posts) over HTTP, with authentication, permission and
//! tenant transaction on, against two floors in the same run: a bare rmcp, axum and sqlx server that runs the same
//! statement, and the statement alone.
//!
//!     cargo run --release --example bench_mcp
//!
//! The last line is JSON. Compare the ratios: the three take turns in short rounds on one cluster, so that a busy
//! machine slows all of them; each ratio is the median of its rounds'.

#[path = "bench_mcp/data.rs"]
mod data;
#[path = "bench_mcp/floor.rs"]
mod floor;
#[path = "bench_mcp/load.rs"]
mod load;
#[path = "bench_mcp/processor.rs"]
mod processor;
#[path = "bench_mcp/product.rs"]
mod product;

use std::{
    ffi::{OsStr, OsString},
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use allin::{
    boot::{self, Booted, SandboxUse},
    error::{Error, Result},
};
use serde_json::{Value, json};

use crate::{
    load::{Tally, Target},
    product::Server,
};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Rounds of each of the three at each number of connections, and how long one lasts.
const ROUNDS: usize = 6;
const ROUND: Duration = Duration::from_millis(1_000);
const WARM_UP: Duration = Duration::from_millis(1_500);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some(OsStr::new(product::AS_PRODUCT)) {
        return product::main(arguments);
    }
    let result = tokio::runtime::Runtime::new().map_err(Error::internal).and_then(|runtime| match first {
        Some(first) if first == floor::AS_FLOOR => runtime.block_on(serve_floor(arguments.collect())),
        _ => runtime.block_on(bench()),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => product::fail(&error),
    }
}

async fn serve_floor(arguments: Vec<OsString>) -> Result<()> {
    let [home, workspace, port_file] = arguments.as_slice() else {
        return Err(Error::internal("home, workspace and port file are needed"));
    };
    floor::serve(Path::new(home), &workspace.to_string_lossy(), Path::new(port_file)).await
}

async fn bench() -> Result<()> {
    let folder = product::scratch().map_err(Error::internal)?;
    let home = folder.path().join("home");
    say("setting up a home of its own")?;
    let booted = boot::boot(product::config(&home)?, SandboxUse::Call).await?;
    let measured = measure(&booted, &home, folder.path()).await;
    let closed = booted.close().await;
    let (table, line) = measured?;
    closed?;
    say(&table)?;
    say(&line.to_string())
}

async fn measure(booted: &Booted, home: &Path, folder: &Path) -> Result<(String, Value)> {
    let cluster = booted.cluster.as_ref().ok_or_else(|| Error::internal("no private cluster"))?;
    let superuser = floor::pool(cluster).await?;
    let (workspace, key) = data::fill(booted, &superuser).await?;
    let (product_port, floor_port) = (folder.join("product.port"), folder.join("floor.port"));
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--port-file"].map(OsStr::new);
    let arguments = [&[OsStr::new(product::AS_PRODUCT)], arguments.as_slice(), &[product_port.as_os_str()]].concat();
    let (product, product_address) =
        product::serve(product::command(home, &arguments)?, product::written(&product_port)).await?;
    let name = workspace.to_string();
    let arguments = [floor::AS_FLOOR.as_ref(), home.as_os_str(), name.as_ref(), floor_port.as_os_str()];
    let (floor, floor_address) =
        product::serve(product::command(home, &arguments)?, product::written(&floor_port)).await?;
    let mut sides = [
        Side::new("allin", Target::http(product_address, Some(&key)), Some(&product)),
        Side::new("floor", Target::http(floor_address, None), Some(&floor)),
        Side::new("sql", Target::Sql { pool: superuser.clone(), workspace }, None),
    ];
    let postgres = postmaster(booted);
    say("warming up")?;
    for side in &sides {
        load::round(&side.target, 16, WARM_UP).await?;
    }
    let mut table = format!(
        "{:>5}  {:>6}  {:>9}  {:>8}  {:>8}  {:>12}  {:>12}\n",
        "", "conns", "calls/s", "p50 ms", "p99 ms", "cpu us/call", "pg us/call"
    );
    for connections in CONNECTIONS {
        say(&format!("{connections} connection(s)"))?;
        take_turns(&mut sides, connections, postgres).await?;
        for side in &sides {
            table.push_str(&side.row(connections));
        }
    }
    product.stop().await?;
    floor.stop().await?;
    superuser.close().await;
    Ok((table, report(&sides)))
}

/// One of the three that are compared.
struct Side {
    name: &'static str,
    target: Target,
    pid: Option<u32>,
    /// One entry per number of connections.
    results: Vec<Outcome>,
}

#[derive(Default)]
struct Outcome {
    all: Tally,
    /// Calls per second, round by round.
    rounds: Vec<f64>,
    cpu_micros: f64,
    postgres_micros: f64,
}

impl Side {
    fn new(name: &'static str, target: Target, server: Option<&Server>) -> Self {
        Self { name, target, pid: server.map(|server| server.pid), results: Vec::new() }
    }

    fn outcome(&self, connections: usize) -> Option<&Outcome> {
        self.results.get(CONNECTIONS.iter().position(|count| *count == connections)?)
    }

    fn row(&self, connections: usize) -> String {
        let Some(outcome) = self.outcome(connections) else { return String::new() };
        format!(
            "{:>5}  {connections:>6}  {:>9.0}  {:>8.3}  {:>8.3}  {:>12.0}  {:>12.0}\n",
            self.name,
            median(&outcome.rounds),
            outcome.all.percentile(50),
            outcome.all.percentile(99),
            outcome.per_call(outcome.cpu_micros),
            outcome.per_call(outcome.postgres_micros),
        )
    }

    /// A figure for each number of connections.
    fn each(&self, figure: impl Fn(&Outcome) -> f64) -> Value {
        CONNECTIONS
            .iter()
            .zip(&self.results)
            .map(|(count, outcome)| (format!("c{count}"), json!(figure(outcome))))
            .collect()
    }
}

impl Outcome {
    fn per_call(&self, micros: f64) -> f64 {
        micros / (self.all.micros.len() as f64).max(1.0)
    }
}

async fn take_turns(sides: &mut [Side], connections: usize, postgres: Option<u32>) -> Result<()> {
    let mut outcomes: Vec<Outcome> = sides.iter().map(|_| Outcome::default()).collect();
    let cpu = |pid: Option<u32>| pid.and_then(processor::cpu_micros).unwrap_or(0.0);
    let database = || postgres.and_then(processor::children_cpu_micros).unwrap_or(0.0);
    for round in 0..ROUNDS {
        // There and back, so that nobody always comes after the same other.
        let mut turns: Vec<_> = sides.iter().zip(&mut outcomes).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for (side, outcome) in turns {
            let before = (cpu(side.pid), database());
            let tally = load::round(&side.target, connections, ROUND).await?;
            outcome.cpu_micros += cpu(side.pid) - before.0;
            outcome.postgres_micros += database() - before.1;
            outcome.rounds.push(tally.per_second());
            outcome.all.add(tally);
        }
    }
    for (side, outcome) in sides.iter_mut().zip(outcomes) {
        side.results.push(outcome);
    }
    Ok(())
}

fn report([product, floor, sql]: &[Side; 3]) -> Value {
    let ratio = |of: &Side, to: &Side, connections: usize| {
        let (Some(of), Some(to)) = (of.outcome(connections), to.outcome(connections)) else { return 0.0 };
        let rounds: Vec<f64> = of.rounds.iter().zip(&to.rounds).map(|(of, to)| of / to.max(1.0)).collect();
        rounded(median(&rounds))
    };
    let errors: u64 =
        [product, floor, sql].iter().flat_map(|side| &side.results).map(|outcome| outcome.all.errors).sum();
    let calls = |outcome: &Outcome| median(&outcome.rounds).round();
    let p50 = |outcome: &Outcome| rounded(outcome.all.percentile(50));
    let p99 = |outcome: &Outcome| rounded(outcome.all.percentile(99));
    let cpu = |outcome: &Outcome| outcome.per_call(outcome.cpu_micros).round();
    json!({
        "ratio_to_floor_c1": ratio(product, floor, 1),
        "ratio_to_floor_c16": ratio(product, floor, 16),
        "ratio_to_floor_c64": ratio(product, floor, 64),
        "ratio_to_sql_c16": ratio(product, sql, 16),
        "calls_per_s": product.each(calls),
        "p50_ms": product.each(p50),
        "p99_ms": product.each(p99),
        "cpu_us_per_call": product.each(cpu),
        "floor_calls_per_s": floor.each(calls),
        "floor_p50_ms": floor.each(p50),
        "floor_p99_ms": floor.each(p99),
        "floor_cpu_us_per_call": floor.each(cpu),
        "sql_calls_per_s": sql.each(calls),
        "sql_p50_ms": sql.each(p50),
        "sql_p99_ms": sql.each(p99),
        "posts": load::POSTS,
        "posts_in_workspace": data::POSTS,
        "errors": errors,
    })
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or(0.0);
    if sorted.len() % 2 == 1 {
        upper
    } else {
        (upper + sorted.get(middle.wrapping_sub(1)).copied().unwrap_or(upper)) / 2.0
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// The database server's process, whose children serve the connections.
fn postmaster(booted: &Booted) -> Option<u32> {
    let file: PathBuf = booted.config.home.data().join("postmaster.pid");
    std::fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(Error::internal)
}
