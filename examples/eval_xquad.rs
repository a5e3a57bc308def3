//! How good the search is on XQuAD: questions in one language over paragraphs in another or the same one, and whole articles
//! in chunks as documents have them. By meaning, by words, and by both; through the product's own search in the database.
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

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use allin::{
    app::ctx::{Actor, Ctx, Origin},
    app::workspaces::create,
    boot::{self, Booted, SandboxUse},
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
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().map_err(Error::internal);
    match runtime.and_then(|runtime| runtime.block_on(run(&arguments))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            _ = writeln!(std::io::stderr(), "{}", error.chain());
            ExitCode::FAILURE
        }
    }
}

/// Whether everything is as good as promised.
async fn run(arguments: &Arguments) -> Result<bool> {
    let folder = tempfile::Builder::new().prefix("allin-xquad-").tempdir().map_err(Error::internal)?;
    let booted = boot::boot(own_home::config(&folder.path().join("home"))?, SandboxUse::Call).await?;
    let measured = measure(&booted, &arguments.folder).await;
    let closed = booted.close().await;
    let measured = measured?;
    closed?;
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
    Ok(measured)
}

/// A workspace without documents, for its Admin.
async fn workspace(booted: &Booted, name: &str) -> Result<Ctx> {
    let owned = create::create(&booted.app, name, "UTC", "Eval", None).await?;
    Ok(Ctx {
        workspace: owned.workspace,
        actor: Actor::Person { member: owned.member },
        origin: Origin::CommandLine,
        request: booted.app.new_request(),
    })
}

fn say(text: &str) {
    _ = writeln!(std::io::stdout(), "{text}");
}

fn tell(text: &str) {
    _ = writeln!(std::io::stderr(), "{text}");
}
