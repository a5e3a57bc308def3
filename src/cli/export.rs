//! `allin export`.

use std::{io::Write as _, path::PathBuf};

use clap::Args;
use serde_json::Value;

use crate::{
    app::{ctx::Ctx, imports::export::PostsExport},
    boot::{Booted, write_whole},
    cli::print,
    error::{Error, Result},
    ids::{AccountId, CampaignId},
    model::{imports::Format, states::PostStatus},
};

/// Posts asked for at a time.
const PAGE: u32 = 500;

#[derive(Args)]
pub struct Export {
    /// The file to write; default: standard output
    file: Option<PathBuf>,
    /// csv or json
    #[arg(long, default_value = "csv")]
    format: Format,
    /// Only posts in this status, such as scheduled
    #[arg(long)]
    status: Option<PostStatus>,
    /// Only posts on this account
    #[arg(long)]
    account: Option<AccountId>,
    /// Only posts of this campaign
    #[arg(long)]
    campaign: Option<CampaignId>,
    /// Only posts with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Due or published from this local time on, 2026-12-01T00:00
    #[arg(long)]
    from: Option<String>,
    /// Before this local time
    #[arg(long)]
    to: Option<String>,
}

impl Export {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let mut input = PostsExport {
            format: Some(self.format),
            status: self.status,
            account_id: self.account,
            campaign_id: self.campaign,
            tag: self.tag,
            from: self.from,
            to: self.to,
            limit: Some(PAGE),
            cursor: None,
        };
        let (mut heading, mut bodies, mut posts) = (String::new(), Vec::new(), 0);
        loop {
            let page = booted.app.call_once::<PostsExport>(ctx, input.clone()).await?;
            posts += page.posts;
            if page.heading.len() > heading.len() {
                heading = page.heading;
            }
            bodies.push(page.content);
            match page.next_cursor {
                Some(cursor) => input.cursor = Some(cursor),
                None => break,
            }
        }
        let text = match self.format {
            Format::Csv => heading + &bodies.concat(),
            Format::Json => {
                let pages = bodies.iter().map(|body| serde_json::from_str::<Vec<Value>>(body));
                let items = pages.collect::<std::result::Result<Vec<_>, _>>().map_err(Error::internal)?.concat();
                serde_json::to_string_pretty(&items).map_err(Error::internal)? + "\n"
            }
        };
        match self.file {
            Some(file) => {
                write_whole(&file, text.as_bytes())?;
                print::line(format!("Wrote {posts} post(s) to {}.", file.display()));
            }
            // A reader that has left is no error.
            None => _ = std::io::stdout().write_all(text.as_bytes()),
        }
        Ok(())
    }
}
