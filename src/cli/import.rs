//! `allin import`.

use std::{
    io::{IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    app::{ctx::Ctx, imports::import::PostsImport, progress::Progress, use_case::CallOptions},
    boot::Booted,
    cli::print,
    error::{Error, Result},
    model::imports::{BYTES_MAX, Format, decode::decode, template::template, too_large},
    tools::registry::Spoken as _,
};

#[derive(Args)]
pub struct Import {
    /// The file: CSV with a heading, or a JSON list; `-` reads standard input
    #[arg(required_unless_present = "template")]
    file: Option<PathBuf>,
    /// Only check, and tell what would happen
    #[arg(long)]
    dry_run: bool,
    /// Import the good rows although others have problems; else all or nothing
    #[arg(long)]
    only_good: bool,
    /// What the file is, when its text does not tell: csv or json
    #[arg(long)]
    format: Option<Format>,
    /// IANA time zone of local times in rows without one; default: the account's
    #[arg(long)]
    time_zone: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print a file to start from: csv or json
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["file", "dry_run", "only_good"])]
    template: Option<Format>,
}

impl Import {
    pub const fn prints_only(&self) -> bool {
        self.template.is_some()
    }

    /// Needs no database.
    pub fn print(self) -> Result<()> {
        print::line(template(self.template.unwrap_or(Format::Csv)).trim_end());
        Ok(())
    }

    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let file = self.file.ok_or_else(|| Error::invalid("file_missing", "There is no file to import."))?;
        let content = tokio::task::spawn_blocking(move || read(&file)).await.map_err(Error::internal)??;
        let input = PostsImport {
            content,
            format: self.format,
            dry_run: self.dry_run,
            only_good: self.only_good,
            time_zone: self.time_zone,
        };
        let (progress, steps) = Progress::channel();
        let shown = tokio::spawn(show(steps));
        let options = CallOptions { progress, ..CallOptions::default() };
        let report = booted.app.call::<PostsImport>(ctx, input, options).await.and_then(|reply| reply.done());
        // The call has dropped its end by now.
        shown.await.map_err(Error::internal)?;
        let report = report?;
        print::either(self.json, &report, || PostsImport::say(&report))
    }
}

fn read(file: &Path) -> Result<String> {
    let unreadable = |error: std::io::Error| {
        Error::invalid("file_unreadable", "The file cannot be read.").next("Check its path and rights.").because(error)
    };
    let most = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        if opened.metadata().is_ok_and(|facts| facts.is_file() && facts.len() >= most) {
            return Err(too_large());
        }
        opened.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    decode(bytes)
}

/// One line that is written anew, on a terminal; a line a step elsewhere.
async fn show(mut steps: tokio::sync::mpsc::UnboundedReceiver<crate::app::progress::Step>) {
    let mut err = std::io::stderr();
    let (start, end) = if err.is_terminal() { ("\r", "") } else { ("", "\n") };
    let mut any = false;
    while let Some(step) = steps.recv().await {
        any = true;
        let percent = (step.done * 100).checked_div(step.total).unwrap_or(100);
        _ = write!(err, "{start}{percent:3} % {}{end}", step.what);
    }
    if any && end.is_empty() {
        _ = writeln!(err);
    }
}
