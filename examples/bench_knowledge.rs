//! How fast documents are searched and read, beside the database and the model of this machine.
//!
//!     cargo run --release --example bench_knowledge [-- --sizes 1000,10000,100000]
//!
//! Texts are sentences of `kb/` in random order with made-up words between them, so that words are as common and as rare as in
//! documents; vectors are embeddings of `kb/` with noise added, four a chunk: they serve for speed only, not for quality.
//! Searches go through the gate, one after the other, their questions' vectors known beforehand ("beside embedding") and
//! nothing found before. The last line is JSON; times are wall-clock milliseconds unless they say `cpu`.

#[path = "bench_knowledge/corpus.rs"]
mod corpus;
#[path = "bench_knowledge/crowd.rs"]
mod crowd;
#[path = "bench_knowledge/machine.rs"]
mod machine;
#[path = "own_home/mod.rs"]
mod own_home;
#[path = "own_home/workspace.rs"]
mod workspace;

use std::{
    io::Write as _,
    process::ExitCode,
    time::{Duration, Instant},
};

use allin::{
    app::{
        ctx::Ctx,
        knowledge::{
            add::KnowledgeAdd,
            list::KnowledgeList,
            search::{KnowledgeFound, KnowledgeSearch},
            settle::settle,
        },
    },
    boot::{Booted, SandboxUse},
    error::{Error, Result},
};
use clap::Parser;
use serde_json::{Map, Value, json};

use crate::workspace::{tell, workspace};

#[derive(Parser)]
struct Arguments {
    /// Vectors of each workspace that is searched
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    sizes: Vec<usize>,
    /// Searches of each
    #[arg(long, default_value_t = 100)]
    searches: usize,
}

fn main() -> ExitCode {
    own_home::main(async || run(&Arguments::parse()).await)
}

async fn run(arguments: &Arguments) -> Result<bool> {
    let mut out = Map::new();
    let measured = async |booted: &Booted| measure(booted, arguments, &mut out).await;
    let measured = own_home::inside(|_| (), SandboxUse::Call, measured).await;
    // What was measured before a failure, too.
    _ = writeln!(std::io::stdout(), "{}", Value::Object(out));
    measured.map(|()| true)
}

async fn measure(booted: &Booted, arguments: &Arguments, out: &mut Map<String, Value>) -> Result<()> {
    let model = booted.app.settings.embedder.prepare().await?;
    out.insert("model".into(), json!(model.name));
    out.insert("machine".into(), machine::describe());
    tell("embedding");
    embed(booted, out).await?;
    tell("reading");
    ingest(booted, out).await?;
    let mut crowded = None;
    for &size in &arguments.sizes {
        tell(&format!("{size} vectors"));
        let ctx = workspace(booted, &size.to_string()).await?;
        let loaded = corpus::load(booted, &ctx, size).await?;
        let label = if size % 1000 == 0 { format!("{}k", size / 1000) } else { size.to_string() };
        out.insert(format!("chunks_{label}"), json!(loaded.chunks));
        out.insert(format!("indexed_{label}"), json!(loaded.indexed));
        search_all(booted, &ctx, arguments.searches, &label, out).await?;
        if crowded.is_none() || size <= 10_000 {
            crowded = Some(ctx);
        }
    }
    if let Some(ctx) = crowded {
        tell("a thousand at once");
        crowd::measure(booted, &ctx, out).await?;
    }
    out.insert("vectors_per_chunk".into(), json!(corpus::WINDOWS));
    out.insert("lexemes_dropped".into(), json!("in a fifth of the chunks or more, from 2,000 chunks on"));
    out.insert("rss_mb".into(), json!(machine::resident_megabytes()));
    Ok(())
}

/// What computing a question's vector takes, one after the other.
async fn embed(booted: &Booted, out: &mut Map<String, Value>) -> Result<()> {
    let embedder = &booted.app.settings.embedder;
    embedder.query("Loads the model.").await?;
    let mut times = Vec::new();
    let before = machine::cpu();
    let questions = corpus::questions(200, "embed");
    for question in &questions {
        let began = Instant::now();
        embedder.query(question).await?;
        times.push(began.elapsed());
    }
    let cpu = machine::cpu().saturating_sub(before);
    out.insert("embed_cpu_ms".into(), json!(rounded(cpu.as_secs_f64() * 1000.0 / 200.0)));
    out.insert("embed_wall_p50_ms".into(), json!(percentile(&mut times, 50)));
    out.insert("embed_wall_p95_ms".into(), json!(percentile(&mut times, 95)));
    Ok(())
}

/// A document through all of reading: child process, chunks, keyword index, vectors.
async fn ingest(booted: &Booted, out: &mut Map<String, Value>) -> Result<()> {
    let ctx = workspace(booted, "reading").await?;
    // The product's own documents are not what is measured.
    settle(&booted.app, &ctx, |_| ()).await?;
    let text = corpus::document(60);
    let (began, before) = (Instant::now(), machine::cpu());
    let added = KnowledgeAdd { text: Some(text), path: Some("measured.md".into()), ..KnowledgeAdd::default() };
    booted.app.call_once::<KnowledgeAdd>(&ctx, added).await?;
    settle(&booted.app, &ctx, |_| ()).await?;
    let (wall, cpu) = (began.elapsed().as_secs_f64(), machine::cpu().saturating_sub(before).as_secs_f64());
    let list = KnowledgeList { limit: Some(200), ..KnowledgeList::default() };
    let listed = booted.app.call_once::<KnowledgeList>(&ctx, list).await?;
    let tokens =
        listed.documents.iter().find(|document| document.path == "measured.md").map_or(0, |found| found.tokens);
    out.insert("ingest_tokens".into(), json!(tokens));
    out.insert("ingest_tokens_per_s".into(), json!((f64::from(tokens) / wall).round()));
    out.insert("ingest_tokens_per_cpu_s".into(), json!((f64::from(tokens) / cpu).round()));
    Ok(())
}

async fn search_all(
    booted: &Booted,
    ctx: &Ctx,
    searches: usize,
    label: &str,
    out: &mut Map<String, Value>,
) -> Result<()> {
    let questions = corpus::questions(searches, label);
    for question in &questions {
        booted.app.settings.embedder.query(question).await?;
    }
    // Connections and plans are made once.
    for question in corpus::questions(20, "warm") {
        search(booted, ctx, &question).await?;
    }
    let (mut fresh, mut repeated, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    let before = machine::cpu();
    for question in &questions {
        let began = Instant::now();
        let found = search(booted, ctx, question).await?;
        fresh.push(began.elapsed());
        if found.results.is_empty() {
            return Err(Error::internal("nothing was found"));
        }
    }
    let cpu = machine::cpu().saturating_sub(before);
    for question in &questions {
        let began = Instant::now();
        search(booted, ctx, question).await?;
        repeated.push(began.elapsed());
        let began = Instant::now();
        booted.app.db.ping().await?;
        floor.push(began.elapsed());
    }
    let count = searches.max(1);
    let mut put = |what: &str, value: f64| out.insert(format!("{what}_{label}"), json!(value));
    put("search_p50_ms", percentile(&mut fresh, 50));
    put("search_p95_ms", percentile(&mut fresh, 95));
    // Of this process; the database's own is in the wall-clock times.
    put("search_cpu_ms", rounded(cpu.as_secs_f64() * 1000.0 / f64::from(u32::try_from(count).unwrap_or(1))));
    put("cached_p50_ms", percentile(&mut repeated, 50));
    put("round_trip_p50_ms", percentile(&mut floor, 50));
    Ok(())
}

async fn search(booted: &Booted, ctx: &Ctx, question: &str) -> Result<KnowledgeFound> {
    let input = KnowledgeSearch {
        query: question.to_owned(),
        k: None,
        category: None,
        language: None,
        min_score: None,
        user_role: None,
    };
    booted.app.call_once::<KnowledgeSearch>(ctx, input).await
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    rounded(times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0))
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
