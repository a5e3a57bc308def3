//! How fast due posts go out: 10,000 due at one instant on 200 accounts of a practice network that answers after 50 ms,
//! over 64 connections, as a ratio to the same network called directly over as many; the time from due to accepted; the
//! same without delay, with commits a post; and what claiming costs when a million posts are scheduled.
//!
//!     cargo run --release --example bench_publish
//!
//! The network does not de-duplicate and is a process of its own, the product is another. The last line is JSON.

#[path = "bench_publish/claims.rs"]
mod claims;
#[path = "bench_publish/installation.rs"]
mod installation;
#[path = "bench_publish/network.rs"]
mod network;
#[path = "bench_mcp/product.rs"]
mod product;

use std::{ffi::OsStr, io::Write as _, path::Path, process::ExitCode, time::Duration};

use allin::error::{Error, Result};
use clap::Parser;
use serde_json::{Value, json};

use crate::{
    installation::{Installation, Times},
    network::Network,
};

#[derive(Parser, Clone, Copy)]
struct Arguments {
    #[arg(long, default_value_t = 10_000)]
    posts: usize,
    #[arg(long, default_value_t = 200)]
    accounts: usize,
    /// Over which the accounts are spread
    #[arg(long, default_value_t = 1)]
    workspaces: usize,
    /// Calls at once, by the product and directly
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How long the network takes to answer
    #[arg(long, default_value_t = 50)]
    answer_after_ms: u64,
    /// Leave out the run over a whole minute and the cost of claiming
    #[arg(long)]
    short: bool,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() == Some(OsStr::new(product::AS_PRODUCT)) {
        return product::main(arguments);
    }
    let arguments = Arguments::parse();
    let result = tokio::runtime::Runtime::new()
        .map_err(Error::internal)
        .and_then(|runtime| runtime.block_on(bench(arguments)))
        .and_then(|line| writeln!(std::io::stdout(), "{line}").map_err(Error::internal));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => product::fail(&error),
    }
}

/// What one way of being due gave.
struct Run {
    posts_per_s: f64,
    network_posts_per_s: f64,
    times: Times,
    commits_per_post: f64,
}

async fn bench(arguments: Arguments) -> Result<Value> {
    let folder = product::scratch().map_err(Error::internal)?;
    say(&format!(
        "{} posts on {} accounts, answered after {} ms",
        arguments.posts, arguments.accounts, arguments.answer_after_ms
    ))?;
    let mut slow = Installation::set_up(&folder.path().join("slow"), arguments, arguments.answer_after_ms).await?;
    let burst = run(&mut slow, arguments, Duration::ZERO).await?;
    let spread = match arguments.short {
        true => None,
        false => {
            say("the same number, spread evenly over a minute")?;
            Some(slow.publish(arguments.posts, Duration::from_secs(60)).await?)
        }
    };
    slow.close().await?;
    say("without delay")?;
    let mut fast = Installation::set_up(&folder.path().join("fast"), arguments, 0).await?;
    let no_delay = run(&mut fast, arguments, Duration::ZERO).await?;
    let mut line = json!({
        "posts": arguments.posts,
        "accounts": arguments.accounts,
        "workspaces": arguments.workspaces,
        "connections": arguments.connections,
        "answer_after_ms": arguments.answer_after_ms,
        "due_to_accepted_p50_ms": burst.times.percentile(50),
        "due_to_accepted_p99_ms": burst.times.percentile(99),
        "ratio_to_network": rounded(burst.posts_per_s / burst.network_posts_per_s),
        "posts_per_s": burst.posts_per_s.round(),
        "network_posts_per_s": burst.network_posts_per_s.round(),
        "commits_per_post": rounded(burst.commits_per_post),
        "due_to_accepted_p50_ms_no_delay": no_delay.times.percentile(50),
        "due_to_accepted_p99_ms_no_delay": no_delay.times.percentile(99),
        "ratio_to_network_no_delay": rounded(no_delay.posts_per_s / no_delay.network_posts_per_s),
        "posts_per_s_no_delay": no_delay.posts_per_s.round(),
        "network_posts_per_s_no_delay": no_delay.network_posts_per_s.round(),
        "commits_per_post_no_delay": rounded(no_delay.commits_per_post),
    });
    if let Some(spread) = spread {
        add(&mut line, "spread_due_to_accepted_p50_ms", json!(spread.times.percentile(50)));
        add(&mut line, "spread_due_to_accepted_p99_ms", json!(spread.times.percentile(99)));
        say("claiming, with 1,000 and with 1,000,000 posts scheduled")?;
        let (small, large) = claims::compare(&fast).await?;
        say(&format!("{small:.2} ms and {large:.2} ms"))?;
        add(&mut line, "claim_ms_1k", json!(rounded(small)));
        add(&mut line, "claim_ms_1m", json!(rounded(large)));
        add(&mut line, "claim_ratio_1m_to_1k", json!(rounded(large / small)));
    }
    fast.close().await?;
    Ok(line)
}

fn add(line: &mut Value, name: &str, value: Value) {
    if let Some(line) = line.as_object_mut() {
        line.insert(name.into(), value);
    }
}

/// The product between two direct runs, so that a machine that gets busier or quieter does not decide.
async fn run(installation: &mut Installation, arguments: Arguments, over: Duration) -> Result<Run> {
    let before = installation.call_directly(arguments.posts).await?;
    say(&format!("called directly: {before:.0} posts/s"))?;
    let published = installation.publish(arguments.posts, over).await?;
    let after = installation.call_directly(arguments.posts).await?;
    let network_posts_per_s = f64::midpoint(before, after);
    say(&format!(
        "published: {:.0} posts/s, {:.2} commits each; due to accepted p50 {} ms, p99 {} ms; called directly: {after:.0} posts/s",
        published.posts_per_s,
        published.commits_per_post,
        published.times.percentile(50),
        published.times.percentile(99)
    ))?;
    Ok(Run {
        posts_per_s: published.posts_per_s,
        network_posts_per_s,
        times: published.times,
        commits_per_post: published.commits_per_post,
    })
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stderr(), "{text}").map_err(Error::internal)
}

/// The practice network in a process of its own.
async fn network(folder: &Path, answer_after_ms: u64) -> Result<Network> {
    Network::start(folder, answer_after_ms).await
}
