//! How good the search is on XQuAD: questions in one language over paragraphs in another or the same one, and whole articles
//! in chunks as documents have them. By meaning, by words, and by both; through the product's own search in the database.
//! And how well confidence tells what is answered from what is not, on documents that no curve was fitted on.
//!
//!     cargo run --release --example eval_xquad -- FOLDER
//!
//! FOLDER holds `xquad.en.json` and so on of XQuAD (Artetxe, Ruder and Yogatama 2020; CC BY-SA 4.0), which is not part of
//! this program. Paragraphs are written into a database that is thrown away by what writes documents that were read; only
//! the reading itself is left out. The last line is JSON; the table goes into `docs/retrieval.md`.

#[path = "eval_xquad/articles.rs"]
mod articles;
#[path = "eval_xquad/data.rs"]
mod data;
#[path = "own_home/mod.rs"]
mod own_home;
#[path = "eval_xquad/pairs.rs"]
mod pairs;
#[path = "section/mod.rs"]
mod section;
#[path = "eval_xquad/table.rs"]
mod table;
#[path = "eval_xquad/unseen.rs"]
mod unseen;
#[path = "own_home/workspace.rs"]
mod workspace;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use allin::{
    boot::{Booted, SandboxUse},
    error::{Error, Result},
};
use clap::Parser;

use crate::table::Measured;

#[derive(Parser)]
struct Arguments {
    /// The folder with the files of XQuAD
    folder: PathBuf,
    /// The Markdown file that the table is written into
    #[arg(long, default_value = "docs/retrieval.md")]
    out: PathBuf,
}

fn main() -> ExitCode {
    own_home::main(async || run(&Arguments::parse()).await)
}

/// Whether everything is as good as promised.
async fn run(arguments: &Arguments) -> Result<bool> {
    let measured = async |booted: &Booted| measure(booted, &arguments.folder).await;
    let measured = own_home::inside(|_| (), SandboxUse::Call, measured).await?;
    let source = "XQuAD: Artetxe, Ruder and Yogatama 2020, CC BY-SA 4.0.";
    section::write(&arguments.out, "eval_xquad", &format!("{}\n{source}", measured.table()))?;
    say(&measured.table());
    say(&serde_json::to_string(&measured.json()).map_err(Error::internal)?);
    Ok(measured.bars().iter().all(|bar| bar.passed))
}

async fn measure(booted: &Booted, folder: &Path) -> Result<Measured> {
    let model = booted.app.settings.embedder.prepare().await?;
    let mut measured = Measured { model: model.name, ..Measured::default() };
    let english = data::read(folder, "en")?;
    let texts = pairs::paragraphs(booted, &english).await?;
    measured.pairs.push(pairs::ask(booted, &texts, &english).await?);
    for language in pairs::LANGUAGES {
        let asked = data::read(folder, language)?;
        measured.pairs.push(pairs::ask(booted, &texts, &asked).await?);
        if pairs::SAME.contains(&language) {
            let own = pairs::paragraphs(booted, &asked).await?;
            measured.pairs.push(pairs::ask(booted, &own, &asked).await?);
        }
    }
    measured.articles = Some(articles::ask(booted, &english).await?);
    measured.unseen = Some(unseen::ask(booted, &english).await?);
    Ok(measured)
}

fn say(text: &str) {
    _ = writeln!(std::io::stdout(), "{text}");
}
