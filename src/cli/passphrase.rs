//! `allin passphrase`.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Subcommand;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    app::{ctx::Ctx, people::passphrase::PassphraseSet},
    boot::Booted,
    cli::print,
    error::{Error, Result},
};

#[derive(Subcommand)]
pub enum Passphrase {
    /// Set your passphrase, or change it: it proves that it is you who decides
    Set,
}

impl Passphrase {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let Self::Set = self;
        let passphrase = tokio::task::spawn_blocking(new).await.map_err(Error::internal)??;
        print::line(booted.app.call_once::<PassphraseSet>(ctx, PassphraseSet { passphrase }).await?.message);
        Ok(())
    }
}

/// The present passphrase, from the terminal or as one line of the input.
pub fn ask() -> Result<SecretString> {
    read("Your passphrase: ")
}

/// A new one; at a terminal it is typed twice.
pub fn new() -> Result<SecretString> {
    let first = read("New passphrase: ")?;
    if std::io::stdin().is_terminal() && read("Once more: ")?.expose_secret() != first.expose_secret() {
        return Err(Error::invalid("passphrases_differ", "The two are not the same.").next("Run the command again."));
    }
    Ok(first)
}

fn read(prompt: &str) -> Result<SecretString> {
    let unreadable = |error: std::io::Error| {
        Error::invalid("passphrase_unreadable", "The passphrase cannot be read.")
            .next("Type it at a terminal, or pipe it in as one line.")
            .because(error)
    };
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt).map(SecretString::from).map_err(unreadable);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(unreadable)?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned()))
}
