//! `allin post`.

mod preview;
mod versions;

use std::path::PathBuf;

use clap::Subcommand;

use crate::{
    app::{
        assets::fetch::AssetFetch,
        best_times::get::BestTimesGet,
        ctx::Ctx,
        metrics::post::PostMetrics,
        posts::{
            cancel::PostCancel, create::PostCreate, delete::PostDelete, edit::PostEdit, get::PostGet,
            publish::PostPublish, query::PostQuery, schedule::PostSchedule, view::PostChanged,
        },
        recycling::mark::PostEvergreen,
    },
    boot::Booted,
    cli::{asking, calendar::Calendar, print},
    error::{Error, Result},
    ids::{AccountId, PostId},
    jobs::publish_posts,
    model::{
        posts::{MediaRef, Message},
        states::PostStatus,
    },
    tools::registry::Spoken,
};

#[derive(Subcommand)]
pub enum Post {
    /// Draft a post
    Create {
        /// One text per message; several make a thread
        #[arg(required = true)]
        text: Vec<String>,
        /// Accounts it goes to
        #[arg(long = "account")]
        accounts: Vec<AccountId>,
        /// An image for the first message
        #[arg(long)]
        image: Option<PathBuf>,
        /// What the image shows
        #[arg(long, requires = "image")]
        alt: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set when it goes out: 2026-12-01T09:00, 'tomorrow 9:00', or next for the next free slot
    Schedule {
        /// The post's id
        post: PostId,
        /// Local time, an instant with offset, words such as 'in 2 hours', or next
        at: String,
        /// IANA time zone of a local time
        #[arg(long)]
        time_zone: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make it public now
    Publish {
        /// The post's id
        post: PostId,
        /// Past queue, caps and distances: why
        #[arg(long)]
        emergency: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the text of a public post, where its network allows it
    Edit {
        /// The post's id
        post: PostId,
        /// The new text of each message
        #[arg(required = true)]
        text: Vec<String>,
        /// Only these accounts of the post
        #[arg(long = "account")]
        accounts: Vec<AccountId>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take it back before it goes out
    Cancel {
        /// The post's id
        post: PostId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete it, also on the networks
    Delete {
        /// The post's id
        post: PostId,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one post
    Show {
        /// The post's id
        post: PostId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show it as each network will get it, or check texts for networks
    Preview(preview::Preview),
    /// List posts, newest first
    List {
        /// Only posts in this status, such as scheduled or held
        #[arg(long)]
        status: Option<PostStatus>,
        /// Words to find
        #[arg(long)]
        text: Option<String>,
        /// Posts per page
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Where the next page starts, from the page before
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how it is doing: figures over time
    Metrics {
        /// The post's id
        post: PostId,
        /// Only this account of the post
        #[arg(long)]
        account: Option<AccountId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show at which hours an account's posts do best
    BestTimes {
        account: AccountId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let it go out again where recycling is on
    Evergreen {
        /// The post's id
        post: PostId,
        /// No longer
        #[arg(long)]
        off: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what goes out when
    Calendar(Calendar),
    #[command(flatten)]
    Versions(versions::Versions),
}

impl Post {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Create { text, accounts, image, alt, json } => {
                create(booted, ctx, text, accounts, image, alt, json).await
            }
            Self::Schedule { post, at, time_zone, json } => {
                let input = PostSchedule { post_id: post, at, time_zone, account_ids: Vec::new() };
                changed::<PostSchedule>(json, &app.call_once::<PostSchedule>(ctx, input).await?)
            }
            Self::Publish { post, emergency, yes, json } => {
                let input = PostPublish { post_id: post, account_ids: Vec::new(), emergency_reason: emergency };
                publish(booted, ctx, input, yes, json).await
            }
            Self::Edit { post, text, accounts, yes, json } => {
                let input = PostEdit { post_id: post, texts: text, account_ids: accounts, version: None };
                changed::<PostEdit>(json, &asking::<PostEdit>(booted, ctx, input, yes).await?)
            }
            Self::Cancel { post, json } => {
                let input = PostCancel { post_id: post, account_ids: Vec::new() };
                changed::<PostCancel>(json, &app.call_once::<PostCancel>(ctx, input).await?)
            }
            Self::Delete { post, yes, json } => {
                let deleted = asking::<PostDelete>(booted, ctx, PostDelete { post_id: post }, yes).await?;
                print::either(json, &deleted, || PostDelete::say(&deleted))
            }
            Self::Show { post, json } => {
                let found = app.call_once::<PostGet>(ctx, PostGet { post_id: post }).await?;
                print::either(json, &found, || PostGet::say(&found))
            }
            Self::Preview(preview) => preview.run(booted, ctx).await,
            Self::List { status, text, limit, cursor, json } => {
                let input = PostQuery { status, text, limit: Some(limit), cursor, ..PostQuery::default() };
                let page = app.call_once::<PostQuery>(ctx, input).await?;
                print::either(json, &page, || PostQuery::say(&page))
            }
            Self::Metrics { post, account, json } => {
                let input = PostMetrics { post_id: Some(post), account_id: account, days: None };
                let found = app.call_once::<PostMetrics>(ctx, input).await?;
                print::either(json, &found, || PostMetrics::say(&found))
            }
            Self::BestTimes { account, json } => {
                let found = app.call_once::<BestTimesGet>(ctx, BestTimesGet { account_id: account }).await?;
                print::either(json, &found, || BestTimesGet::say(&found))
            }
            Self::Evergreen { post, off, json } => {
                let input = PostEvergreen { post_id: post, evergreen: !off };
                let marked = app.call_once::<PostEvergreen>(ctx, input).await?;
                print::either(json, &marked, || PostEvergreen::say(&marked))
            }
            Self::Calendar(command) => command.run(booted, ctx).await,
            Self::Versions(command) => command.run(booted, ctx).await,
        }
    }
}

fn changed<U: Spoken<Output = PostChanged>>(json: bool, output: &PostChanged) -> Result<()> {
    print::either(json, output, || U::say(output))
}

async fn create(
    booted: &Booted,
    ctx: &Ctx,
    texts: Vec<String>,
    account_ids: Vec<AccountId>,
    image: Option<PathBuf>,
    alt_text: Option<String>,
    json: bool,
) -> Result<()> {
    let mut segments: Vec<Message> = texts.into_iter().map(|text| Message { text, media: Vec::new() }).collect();
    if let Some(path) = image {
        let path = path
            .into_os_string()
            .into_string()
            .map_err(|_| Error::invalid("path_malformed", "The path is not UTF-8."))?;
        let added =
            booted.app.call_once::<AssetFetch>(ctx, AssetFetch { path: Some(path), url: None, alt_text }).await?;
        if let Some(first) = segments.first_mut() {
            first.media.push(MediaRef { asset_id: added.asset.id, alt_text: None });
        }
    }
    let input = PostCreate { segments, account_ids, ..PostCreate::default() };
    changed::<PostCreate>(json, &booted.app.call_once::<PostCreate>(ctx, input).await?)
}

/// This command publishes itself: no other process need be running.
async fn publish(booted: &Booted, ctx: &Ctx, input: PostPublish, yes: bool, json: bool) -> Result<()> {
    let app = std::sync::Arc::clone(&booted.app);
    let stop = tokio_util::sync::CancellationToken::new();
    let publisher = tokio::spawn(publish_posts::run(app, "command", stop.clone()));
    let result = asking::<PostPublish>(booted, ctx, input, yes).await;
    stop.cancel();
    publisher.await.map_err(Error::internal)?;
    changed::<PostPublish>(json, &result?)
}
