//! Races pauses against due posts: the publisher and the practice network in this process, on a real PostgreSQL. Each
//! round schedules a post, pauses its workspace, account, campaign or tag about when it is due, and then looks at what
//! the network accepted: nothing after the pause has answered, and nothing that was still under way then unnamed.
//!
//!     cargo run --release --example pause_race -- --rounds 10000
//!
//! The last line is JSON; the exit code is 1 when something was accepted too late or not named. `--without check` takes
//! the pauses out of the database's own check, `--without lock` the lock between pausing and arming: both go red.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its report and its complaints are for whoever started it"
)]

#[path = "pause_race/lane.rs"]
mod lane;
#[path = "own_home/mod.rs"]
mod own_home;

use std::{process::ExitCode, sync::Arc, time::Duration};

use allin::{
    boot::{Booted, SandboxUse},
    config::Config,
    error::{Error, Result},
    jobs::publish_posts,
    platform::Role,
};
use clap::Parser;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use crate::lane::{Counts, Lane};

#[derive(Parser)]
struct Arguments {
    /// Pauses to be raced
    #[arg(long, default_value_t = 10_000)]
    rounds: u32,
    /// Workspaces at once
    #[arg(long, default_value_t = 16)]
    lanes: u32,
    /// Varies scopes and moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Takes a guard out, to see the race go red
    #[arg(long, value_enum)]
    without: Option<Guard>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Guard {
    /// The look at pauses in `attempt_may_arm`
    Check,
    /// The lock between pausing and arming
    Lock,
}

fn main() -> ExitCode {
    own_home::main(async || race(&Arguments::parse()).await)
}

async fn race(arguments: &Arguments) -> Result<bool> {
    let set = |config: &mut Config| {
        config.cluster.durable = false;
        config.pool_size = 48;
    };
    let raced = async |booted: &Booted| run(booted, arguments).await;
    let counts = own_home::inside(set, SandboxUse::Create, raced).await?;
    let rounds = f64::from(arguments.rounds);
    println!(
        "{}",
        json!({
            "rounds": arguments.rounds,
            "seed": arguments.seed,
            "posts": counts.posts,
            "accepted": counts.accepted,
            "under_way_named": counts.named,
            "held": counts.held,
            "accepted_after_answer": counts.late,
            "under_way_unnamed": counts.unnamed,
            "pause_ms_mean": (counts.pause_millis / rounds).round(),
            "pause_ms_max": counts.pause_millis_max.round(),
        })
    );
    Ok(counts.late == 0 && counts.unnamed == 0)
}

async fn run(booted: &Booted, arguments: &Arguments) -> Result<Counts> {
    let cluster = booted.cluster.as_ref().ok_or_else(|| Error::internal("no private cluster"))?;
    let superuser = PgPoolOptions::new()
        .max_connections(arguments.lanes)
        .connect_with(cluster.connect_options(Role::Superuser))
        .await?;
    if let Some(guard) = arguments.without {
        let removed = match guard {
            Guard::Check => "or s.tag = any (p.tags))) then 'it is paused'",
            Guard::Lock => "perform pg_advisory_xact_lock_shared(sending_lock(new.workspace_id));",
        };
        take_out(&superuser, guard, removed).await?;
        eprintln!("taken out: {removed}");
    }
    let stop = CancellationToken::new();
    let publishers: Vec<_> =
        (0..2).map(|_| tokio::spawn(publish_posts::run(Arc::clone(&booted.app), "race", stop.clone()))).collect();
    let mut lanes = tokio::task::JoinSet::new();
    for number in 0..arguments.lanes {
        let rounds = arguments.rounds / arguments.lanes + u32::from(number < arguments.rounds % arguments.lanes);
        let lane = Lane::open(booted, superuser.clone(), number, arguments.seed).await?;
        lanes.spawn(lane.race(rounds));
    }
    let mut all = Counts::default();
    while let Some(done) = lanes.join_next().await {
        all.add(&done.map_err(Error::internal)??);
        eprintln!("{} of {} rounds, {} too late, {} unnamed", all.rounds, arguments.rounds, all.late, all.unnamed);
    }
    stop.cancel();
    for publisher in publishers {
        _ = tokio::time::timeout(Duration::from_secs(60), publisher).await;
    }
    superuser.close().await;
    Ok(all)
}

/// Rewrites the trigger's function without a part of it.
async fn take_out(superuser: &sqlx::PgPool, guard: Guard, part: &str) -> Result<()> {
    let source: String =
        sqlx::query_scalar("select pg_get_functiondef('attempt_may_arm'::regproc)").fetch_one(superuser).await?;
    let weaker = match guard {
        // Neither the workspace's pause nor the narrower ones.
        Guard::Check => source
            .replace("w.paused_at is not null", "false")
            .replace(part, "or s.tag = any (p.tags)) and false) then 'it is paused'"),
        Guard::Lock => source.replace(part, "null;"),
    };
    if weaker == source {
        return Err(Error::internal("the guard is not where it is looked for"));
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(weaker)).execute(superuser).await?;
    Ok(())
}
