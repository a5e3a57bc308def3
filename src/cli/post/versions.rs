//! `allin post history`, `diff` and `restore`.

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        posts::{diff::PostDiff, history::PostHistory, restore::PostRestore},
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::PostId,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Versions {
    /// List its versions: who changed what
    History {
        /// The post's id
        post: PostId,
        /// Versions before this one
        #[arg(long)]
        before: Option<i32>,
        #[arg(long)]
        limit: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is different between two versions; without any, what the last change did
    Diff {
        /// The post's id
        post: PostId,
        /// The earlier version
        from: Option<i32>,
        /// The later version
        to: Option<i32>,
        /// By lines, as diff -u writes it
        #[arg(long, conflicts_with = "json")]
        unified: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Bring an earlier version back
    Restore {
        /// The post's id
        post: PostId,
        version: i32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Versions {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::History { post, before, limit, json } => {
                let input = PostHistory { post_id: post, before, limit };
                let found = app.call_once::<PostHistory>(ctx, input).await?;
                print::either(json, &found, || PostHistory::say(&found))
            }
            Self::Diff { post, from, to, unified, json } => {
                let found = app.call_once::<PostDiff>(ctx, PostDiff { post_id: post, from, to }).await?;
                let text = || if unified { found.unified.clone() } else { PostDiff::say(&found) };
                print::either(json, &found, text)
            }
            Self::Restore { post, version, json } => {
                let input = PostRestore { post_id: post, version, present: None };
                let changed = app.call_once::<PostRestore>(ctx, input).await?;
                print::either(json, &changed, || PostRestore::say(&changed))
            }
        }
    }
}
