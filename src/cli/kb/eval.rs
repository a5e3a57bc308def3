//! `allin kb eval`: how good searches and their confidence are on labelled questions.

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use crate::{
    app::{
        ctx::Ctx,
        knowledge::evaluate::{Told, evaluate},
    },
    boot::Booted,
    cli::{kb::progress, print},
    error::{Error, Result},
    model::evaluation::{
        cases::Truth,
        questions::{self, Question},
        report::Report,
    },
};

#[derive(Args)]
pub struct Eval {
    /// One JSON object a line: question, answers ([] where the documents do not know), and language, role, kind, near_miss
    #[arg(long)]
    questions: PathBuf,
    /// Also tell what came of each question; without --json only of those that went wrong
    #[arg(long)]
    cases: bool,
    /// Compare with what was promised of the program's own questions, and fail when it is not reached
    #[arg(long)]
    bars: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    cases: Option<Vec<Told>>,
}

impl Eval {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let (bytes, questions) = read(&self.questions)?;
        progress::wait(booted, ctx).await?;
        let mut measured = evaluate(&booted.app, ctx, &questions, false, counted(questions.len())).await?;
        let report = measured.report(&bytes, self.bars);
        let missed = report.bars.iter().filter(|bar| !bar.passed).count();
        let threshold = f64::from(report.threshold);
        let whole = Whole { report, cases: self.cases.then_some(measured.told) };
        print::either(self.json, &whole, || {
            let wrong = whole.cases.iter().flatten().filter(|told| is_wrong(told, threshold)).map(said);
            format!("{}{}", whole.report.text(), wrong.collect::<String>())
        })?;
        match missed {
            0 => Ok(()),
            count => Err(Error::conflict("bars_missed", format!("{count} figure(s) are not as good as promised."))
                .next("The lines above that begin with MISSED name them.")),
        }
    }
}

/// The file's bytes and the questions in it.
pub fn read(file: &Path) -> Result<(Vec<u8>, Vec<Question>)> {
    let bytes = std::fs::read(file).map_err(|error| {
        Error::invalid("file_unreadable", format!("{} cannot be read.", file.display()))
            .next("Check the path and that it exists.")
            .because(error)
    })?;
    let text = str::from_utf8(&bytes).map_err(|error| {
        let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        questions::malformed(line, "it is not UTF-8")
    })?;
    let questions = questions::parse(text)?;
    Ok((bytes, questions))
}

/// Tells on standard error how many questions are done.
pub fn counted(all: usize) -> impl Fn(usize) {
    move |done| {
        let mut error = std::io::stderr();
        if error.is_terminal() {
            _ = write!(error, "\r\u{1b}[KQuestions: {done} of {all}{}", if done == all { "\n" } else { "" });
            _ = error.flush();
        }
    }
}

/// Not among the first five, or answered or escalated wrongly.
fn is_wrong(told: &Told, threshold: f64) -> bool {
    let answered = told.confidence >= threshold;
    match told.truth {
        Truth::Answerable => !answered || told.rank.is_none_or(|rank| rank > 5),
        Truth::OutOfScope | Truth::NearMiss => answered,
    }
}

fn said(told: &Told) -> String {
    let truth = match told.truth {
        Truth::Answerable => "answerable",
        Truth::OutOfScope => "out of scope",
        Truth::NearMiss => "near miss",
    };
    let rank = match (told.truth, told.rank) {
        (Truth::Answerable, Some(rank)) => format!(", rank {rank}"),
        (Truth::Answerable, None) => ", not found".to_owned(),
        _ => String::new(),
    };
    let first = told.first.as_deref().unwrap_or("nothing");
    let read = told.searched_for.as_ref().map_or_else(String::new, |read| format!(" (read as: {read})"));
    format!("line {}: {truth}{rank}, {:.2}, {first}: {}{read}\n", told.line, told.confidence, told.question)
}
