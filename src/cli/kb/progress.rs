//! Waiting for documents to be read, told on standard error.

use std::{
    cell::Cell,
    io::{IsTerminal as _, Write as _},
};

use crate::{
    app::{ctx::Ctx, knowledge::settle::settle},
    boot::Booted,
    clients::embedder::Readiness,
    error::Result,
    store::knowledge::documents::Remaining,
};

/// Waits until what can be read is read.
pub async fn wait(booted: &Booted, ctx: &Ctx) -> Result<()> {
    let told = Cell::new(None);
    let left = settle(&booted.app, ctx, |left| {
        if told.replace(Some(left)) != Some(left) {
            tell(&say(left, booted));
        }
    })
    .await?;
    if told.get().is_some() && std::io::stderr().is_terminal() {
        _ = writeln!(std::io::stderr());
    }
    if left.embedding > 0
        && let Readiness::Missing { why } = booted.app.settings.embedder.readiness()
    {
        _ = writeln!(std::io::stderr(), "Documents are found by their words only: {why}");
    }
    Ok(())
}

fn say(left: Remaining, booted: &Booted) -> String {
    if left.waiting > 0 {
        return format!("Reading documents: {} to go", left.waiting);
    }
    match booted.app.settings.embedder.readiness() {
        Readiness::Fetching => "Fetching the embedding model (91 MB, once)".to_owned(),
        _ => format!("Making vectors: {} of {} chunks", left.chunks - left.lacking, left.chunks),
    }
}

/// One line that is written over in a terminal, lines elsewhere.
fn tell(text: &str) {
    let mut error = std::io::stderr();
    _ = if error.is_terminal() { write!(error, "\r\u{1b}[K{text}") } else { writeln!(error, "{text}") };
    _ = error.flush();
}
