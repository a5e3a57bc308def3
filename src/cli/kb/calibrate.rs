//! `allin kb calibrate`: fits the curves of the confidence; for those who build the program.

use std::path::PathBuf;

use clap::Args;

use crate::{
    app::{
        ctx::Ctx,
        knowledge::calibrate::{Calibration, calibrate, said},
    },
    boot::Booted,
    cli::{
        kb::{
            eval::{counted, read},
            progress,
        },
        print,
    },
    error::{Error, Result},
    model::{
        confidence::{Curve, Curves},
        evaluation::cases::FIGURES,
    },
};

#[derive(Args)]
pub struct Calibrate {
    /// One JSON object a line, as `allin kb eval` takes them
    #[arg(long)]
    questions: PathBuf,
    /// Write the curves to this file; a program has those that it was built with, src/model/confidence/curves.json
    #[arg(long)]
    write: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Calibrate {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let (bytes, questions) = read(&self.questions)?;
        progress::wait(booted, ctx).await?;
        let fitted = calibrate(&booted.app, ctx, &questions, &bytes, counted(questions.len())).await?;
        if let Some(file) = &self.write {
            let mut text = serde_json::to_string_pretty(&fitted.curves).map_err(Error::internal)?;
            text.push('\n');
            std::fs::write(file, text).map_err(|error| {
                Error::invalid("file_unwritable", format!("{} cannot be written.", file.display()))
                    .next("Check that its folder exists and may be written to.")
                    .because(error)
            })?;
        }
        print::either(self.json, &fitted, || text(&fitted))
    }
}

fn text(fitted: &Calibration) -> String {
    let mut text = String::new();
    for curve in Curve::ALL {
        text.push_str(&format!("{}\n", curve.as_str()));
        for (name, curves) in [("before", Curves::shipped()), ("fitted", &fitted.curves)] {
            let said = curves.curves.get(&curve).map(said).unwrap_or_default();
            text.push_str(&format!(" {name}\n{said}"));
        }
        if fitted.kept.contains(&curve) {
            text.push_str(" There are too few questions for it; it stays as it was.\n");
        }
        let figures = fitted.out_of_fold.get(&curve);
        for (name, _) in FIGURES.iter().skip(4) {
            if let Some(value) = figures.and_then(|figures| figures.values.get(name)) {
                text.push_str(&format!("  out of fold: {name:<28} {value:.4}\n"));
            }
        }
        text.push('\n');
    }
    text.push_str("Nothing changes for this program: it has the curves that it was built with.\n");
    text
}
