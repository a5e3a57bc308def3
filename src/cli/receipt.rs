//! `allin receipt`.

use std::{io::Read as _, path::PathBuf};

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        receipts::{
            check::{check, public_key},
            get::ReceiptGet,
        },
    },
    boot::Booted,
    cli::{audit::home_key, print},
    config::Config,
    error::{Error, Result},
    ids::PostId,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Receipt {
    /// Show who asked for a publication, who wrote and approved it, and what was sent
    Show {
        /// The post's id
        post: PostId,
        /// Print JSON, signed, as `verify` takes it
        #[arg(long)]
        json: bool,
    },
    /// Check receipts with the public key alone; needs no database
    Verify {
        /// A file as `show --json` writes it; - for standard input
        file: PathBuf,
        /// The public key of the installation that made it (`allin audit key`); default: this home's
        #[arg(long)]
        key: Option<String>,
    },
}

impl Receipt {
    pub const fn prints_only(&self) -> bool {
        matches!(self, Self::Verify { .. })
    }

    /// Needs no database.
    pub fn print(self, config: &Config) -> Result<()> {
        let Self::Verify { file, key } = self else { return Ok(()) };
        let key = match key {
            Some(text) => public_key(&text)?,
            None => home_key(config)?,
        };
        for receipt in check(&read(&file)?, &key)? {
            let (account, at) = (&receipt.account, receipt.published_at);
            print::line(format!(
                "Genuine: {} on @{} ({}), published {at}.",
                receipt.post, account.handle, account.network
            ));
        }
        Ok(())
    }

    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let Self::Show { post, json } = self else { return Ok(()) };
        let found = booted.app.call_once::<ReceiptGet>(ctx, ReceiptGet { post_id: post }).await?;
        print::either(json, &found, || ReceiptGet::say(&found))
    }
}

fn read(file: &PathBuf) -> Result<String> {
    let text = match file.as_os_str() == "-" {
        true => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        false => std::fs::read_to_string(file),
    };
    text.map_err(|error| {
        Error::invalid("file_unreadable", format!("{} cannot be read.", file.display()))
            .next("Check the path; the file is text in UTF-8.")
            .because(error)
    })
}
