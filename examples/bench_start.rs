//! How long a client waits for its first answer, and what an idle process weighs.
//!
//!     cargo run --release --example bench_start
//!
//! Starts `allin stdio` as a desktop client does and stops the clock when `tools/list` is answered: with the private
//! database running (another process uses it), with it stopped, and once with nothing set up. Then lets `allin serve`
//! and `allin stdio` lie idle and reads their resident memory; the database's own is not counted. The last line is
//! JSON.

#[path = "bench_mcp/product.rs"]
mod product;

use std::{
    ffi::OsStr,
    io::Write as _,
    path::Path,
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use allin::{
    error::{Error, Result},
    platform,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout},
};

const WARM_RUNS: usize = 21;
const COLD_RUNS: usize = 9;
const IDLE: Duration = Duration::from_secs(10);
/// For one answer; the first set-up fetches the database's programs.
const PATIENCE: Duration = Duration::from_secs(180);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() == Some(OsStr::new(product::AS_PRODUCT)) {
        return product::main(arguments);
    }
    match tokio::runtime::Runtime::new().map_err(Error::internal).and_then(|runtime| runtime.block_on(bench())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => product::fail(&error),
    }
}

async fn bench() -> Result<()> {
    let folder = product::scratch().map_err(Error::internal)?;
    let home = folder.path().join("home");
    say("first set-up, in a new home")?;
    let first_setup = first_answer(&home).await?;
    say("database stopped")?;
    let cold = repeat(&home, COLD_RUNS, false).await?;
    say("database running")?;
    let config = product::config(&home)?;
    let cluster = platform::start(&config.home, &config.cluster).await?;
    let warm = repeat(&home, WARM_RUNS, true).await;
    let idle = match warm.is_ok() {
        true => weigh(&home, folder.path()).await,
        false => Ok((0.0, 0.0)),
    };
    cluster.leave().await?;
    let (warm, (serve_rss, stdio_rss)) = (warm?, idle?);
    say(&format!(
        "{:>28}  {:>9}  {:>9}  {:>9}\n{}{}{:>28}  {first_setup:>9.1}\n{:>28}  {serve_rss:>9.1}\n{:>28}  {stdio_rss:>9.1}",
        "",
        "median",
        "least",
        "most",
        row("database running, ms", &warm),
        row("database stopped, ms", &cold),
        "nothing set up, ms",
        "idle `allin serve`, MiB",
        "idle `allin stdio`, MiB",
    ))?;
    let line = json!({
        "first_answer_ms": tenth(median(&warm)),
        "first_answer_most_ms": tenth(most(&warm)),
        "first_answer_cold_ms": tenth(median(&cold)),
        "first_answer_cold_most_ms": tenth(most(&cold)),
        "first_setup_ms": tenth(first_setup),
        "idle_rss_mb": tenth(serve_rss),
        "idle_rss_stdio_mb": tenth(stdio_rss),
        "runs": warm.len(),
        "runs_cold": cold.len(),
    });
    say(&line.to_string())
}

/// Several starts, one after the other, each in milliseconds. One more comes first and is not counted.
async fn repeat(home: &Path, runs: usize, running: bool) -> Result<Vec<f64>> {
    let pid_file = product::config(home)?.home.data().join("postmaster.pid");
    let mut times = Vec::with_capacity(runs);
    for run in 0..=runs {
        if pid_file.exists() != running {
            return Err(Error::internal(if running {
                "the database is not running"
            } else {
                "the database is running"
            }));
        }
        let time = first_answer(home).await?;
        if run > 0 {
            times.push(time);
        }
    }
    Ok(times)
}

/// Milliseconds from before the process exists until it has answered `tools/list`. Returns once it has ended.
async fn first_answer(home: &Path) -> Result<f64> {
    let begun = Instant::now();
    let client = Client::connect(home).await?;
    let taken = begun.elapsed();
    client.leave().await?;
    Ok(taken.as_secs_f64() * 1000.0)
}

/// A desktop client with its server process.
struct Client {
    child: Child,
    input: ChildStdin,
    _output: BufReader<ChildStdout>,
}

impl Client {
    /// Starts the process and has the tools listed.
    async fn connect(home: &Path) -> Result<Self> {
        let mut command = product::command(home, &[product::AS_PRODUCT, "stdio"].map(OsStr::new))?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(Error::internal)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::internal("no pipes"));
        };
        let request = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/list",
            "params": { "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {}
            } }
        });
        input.write_all(format!("{request}\n").as_bytes()).await.map_err(Error::internal)?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, output.read_line(&mut line)).await;
        read.map_err(Error::internal)?.map_err(Error::internal)?;
        let answer: Value = serde_json::from_str(&line).map_err(Error::internal)?;
        let tools = answer.pointer("/result/tools").and_then(Value::as_array).map_or(0, Vec::len);
        if tools == 0 {
            return Err(Error::internal(format!("no tools in {line}")));
        }
        Ok(Self { child, input, _output: output })
    }

    /// Closes standard input, as a client that ends does.
    async fn leave(mut self) -> Result<()> {
        drop(self.input);
        let ended = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await;
        let status = ended.map_err(Error::internal)?.map_err(Error::internal)?;
        if status.success() { Ok(()) } else { Err(Error::internal(format!("the process ended with {status}"))) }
    }
}

/// Resident memory of an idle `allin serve` and an idle `allin stdio`, in MiB.
async fn weigh(home: &Path, folder: &Path) -> Result<(f64, f64)> {
    say("idle for 10 seconds")?;
    let port_file = folder.join("port");
    let arguments = [product::AS_PRODUCT, "serve", "--listen", "127.0.0.1:0", "--port-file"].map(OsStr::new);
    let command = product::command(home, &[arguments.as_slice(), &[port_file.as_os_str()]].concat())?;
    let (server, _) = product::serve(command, product::written(&port_file)).await?;
    let client = Client::connect(home).await?;
    tokio::time::sleep(IDLE).await;
    let stdio_rss = client.child.id().and_then(rss_mb);
    let serve_rss = rss_mb(server.pid);
    client.leave().await?;
    server.stop().await?;
    Ok((serve_rss.unwrap_or(0.0), stdio_rss.unwrap_or(0.0)))
}

/// Resident memory of a process in MiB; where /proc tells it.
fn rss_mb(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? / 1024.0)
}

fn row(name: &str, times: &[f64]) -> String {
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    format!("{name:>28}  {:>9.1}  {least:>9.1}  {:>9.1}\n", median(times), most(times))
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn most(times: &[f64]) -> f64 {
    times.iter().copied().fold(0.0, f64::max)
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(Error::internal)
}
