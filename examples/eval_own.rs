//! How good searches and their confidence are on the project's own questions over its own documents, as `allin kb eval` measures
//! it, in a home of its own.
//!
//!     cargo run --release --example eval_own
//!
//! Reads `tests/data/questions*.jsonl` and fails when a promised figure is not reached. The table goes into `docs/retrieval.md`.

#[path = "own_home/mod.rs"]
mod own_home;
#[path = "section/mod.rs"]
mod section;
#[path = "own_home/workspace.rs"]
mod workspace;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use allin::{
    app::knowledge::{evaluate::evaluate, settle::settle},
    boot::{Booted, SandboxUse},
    error::{Error, Result},
    model::evaluation::{questions, report::Report},
};
use clap::Parser;
use serde_json::Value;

use crate::workspace::{tell, workspace};

#[derive(Parser)]
struct Arguments {
    /// The folder with the questions
    #[arg(long, default_value = "tests/data")]
    folder: PathBuf,
    /// The Markdown file that the table is written into
    #[arg(long, default_value = "docs/retrieval.md")]
    out: PathBuf,
}

/// Files, and what the table calls them. The curves were fitted on the first.
const FILES: [(&str, &str); 3] =
    [("questions.jsonl", "own"), ("questions-held-out.jsonl", "held out"), ("questions-hard.jsonl", "roundabout")];

/// Rows of the table: what the report calls them, how the table does.
const COUNTS: [(&str, &str); 3] = [
    ("answerable", "answerable questions"),
    ("out_of_scope", "questions out of scope"),
    ("near_misses", "near misses"),
];
const FIGURES: [(&str, &str); 9] = [
    ("recall_at_1", "recall@1"),
    ("recall_at_5", "recall@5"),
    ("ndcg_at_10", "nDCG@10"),
    ("mrr", "MRR"),
    ("auroc", "AUROC"),
    ("ece", "calibration error"),
    ("false_answers_out_of_scope", "answers to what is out of scope"),
    ("false_answers_near_miss", "answers to near misses"),
    ("false_escalations", "needless escalations"),
];

fn main() -> ExitCode {
    own_home::main(async || run(&Arguments::parse()).await)
}

/// Whether everything is as good as promised.
async fn run(arguments: &Arguments) -> Result<bool> {
    let measured = async |booted: &Booted| measure(booted, &arguments.folder).await;
    let reports = own_home::inside(|_| (), SandboxUse::Call, measured).await?;
    let text = text(&reports)?;
    section::write(&arguments.out, "eval_own", &text)?;
    _ = writeln!(std::io::stdout(), "{text}");
    Ok(reports.iter().flat_map(|report| &report.bars).all(|bar| bar.passed))
}

async fn measure(booted: &Booted, folder: &Path) -> Result<Vec<Report>> {
    let app = &booted.app;
    app.settings.embedder.prepare().await?;
    let ctx = workspace(booted, "Evaluation").await?;
    tell("reading");
    settle(app, &ctx, |_| ()).await?;
    let mut reports = Vec::new();
    for (file, name) in FILES {
        tell(name);
        let bytes = std::fs::read(folder.join(file)).map_err(Error::internal)?;
        let questions = questions::parse(&String::from_utf8_lossy(&bytes))?;
        reports.push(evaluate(app, &ctx, &questions, false, |_| ()).await?.report(&bytes, name == "own"));
    }
    Ok(reports)
}

fn text(reports: &[Report]) -> Result<String> {
    let values: Vec<Value> =
        reports.iter().map(|report| serde_json::to_value(report).map_err(Error::internal)).collect::<Result<_>>()?;
    let model = reports.first().and_then(|report| report.model.clone()).unwrap_or_default();
    let mut columns: Vec<(&str, &Value)> = FILES.iter().map(|(_, name)| *name).zip(&values).collect();
    columns.extend(values.first().map(|own| ("languages", own.get("across_languages").unwrap_or(own))));
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("Measured by `cargo run --release --example eval_own` with {model}.\n\n");
    text.push_str(&row(std::iter::once(String::new())
        .chain(columns.iter().map(|(name, _)| (*name).to_owned()))
        .collect()));
    text.push_str(&format!("|{}\n", "---|".repeat(columns.len() + 1)));
    for (key, name) in COUNTS {
        let cells = columns.iter().map(|(_, figures)| figures.get(key).map_or_else(String::new, Value::to_string));
        text.push_str(&row(std::iter::once(name.to_owned()).chain(cells).collect()));
    }
    for (key, name) in FIGURES {
        let cells = columns.iter().map(|(_, figures)| {
            let number = |place: &str| figures.pointer(place).and_then(Value::as_f64);
            let interval = format!("/intervals/{key}");
            match (number(&format!("/{key}")), number(&format!("{interval}/0")), number(&format!("{interval}/1"))) {
                (Some(value), Some(from), Some(to)) => format!("{value:.3} [{from:.3}, {to:.3}]"),
                (Some(value), ..) => format!("{value:.3}"),
                (None, ..) => String::new(),
            }
        });
        text.push_str(&row(std::iter::once(name.to_owned()).chain(cells).collect()));
    }
    text.push_str("\n| promised | value | |\n|---|---|---|\n");
    for bar in reports.iter().flat_map(|report| &report.bars) {
        let value = bar.value.map_or_else(String::new, |value| format!("{value:.4}"));
        let passed = if bar.passed { "reached" } else { "missed" };
        text.push_str(&format!("| {} {} | {value} | {passed} |\n", bar.name, bar.wanted));
    }
    Ok(text)
}
