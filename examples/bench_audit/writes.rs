//! Two applications on one database, one of which writes no audit log; they take turns.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use allin::{
    app::{
        App, Settings,
        audit::seal::seal_pending,
        ctx::{Actor, Ctx, Origin},
        posts::create::PostCreate,
        recycling::mark::PostEvergreen,
    },
    boot::Booted,
    clients::{http::Http, networks::registry::Networks},
    clock::SystemClock,
    error::{Error, Result},
    ids::{PostId, RandomIds},
    model::posts::Message,
    vault::Vault,
};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

pub const CONNECTIONS: usize = 16;

/// What is written.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A mark on a post: about the smallest write there is.
    Mark,
    /// A new draft.
    Draft,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Draft => "draft",
        }
    }
}

pub async fn compare(booted: &Booted, kind: Kind, rounds: usize, seconds: u64) -> Result<Map<String, Value>> {
    let audited = Arc::clone(&booted.app);
    let plain = Arc::new(without_log(&audited)?);
    let ctx = Ctx {
        workspace: booted.home_owner.workspace,
        actor: Actor::Connection { member: booted.home_owner.member, name: "bench".into() },
        origin: Origin::Stdio,
        request: audited.new_request(),
    };
    let mut posts = Vec::new();
    for number in 0..CONNECTIONS {
        posts.push(audited.call_once::<PostCreate>(&ctx, draft(&format!("{} {number}", kind.name()))).await?.post.id);
    }
    let length = Duration::from_secs(seconds);
    for app in [&audited, &plain] {
        round(app, &ctx, kind, &posts, length).await?;
    }
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for number in 0..rounds {
        // There and back, so that neither always comes after the other.
        let order = if number % 2 == 0 { [true, false] } else { [false, true] };
        for is_audited in order {
            match is_audited {
                true => with.push(round(&audited, &ctx, kind, &posts, length).await?),
                false => without.push(round(&plain, &ctx, kind, &posts, length).await?),
            }
        }
    }
    seal_pending(&audited).await?;
    let ratios: Vec<f64> = with.iter().zip(&without).map(|(with, without)| with / without.max(1.0)).collect();
    let key = |name: &str| format!("{}_{name}", kind.name());
    Ok([
        (key("audited_to_unaudited"), json!(rounded(median(&ratios)))),
        (key("writes_per_s"), json!(median(&with).round())),
        (key("writes_per_s_unaudited"), json!(median(&without).round())),
    ]
    .into_iter()
    .collect())
}

/// The same database and settings, and no audit log: no configuration of the product leads here.
fn without_log(app: &App) -> Result<App> {
    let clock = Arc::new(SystemClock);
    let http = Http::new(Vec::new())?;
    let networks = Networks::new(&http, clock.clone(), None);
    let settings = Settings { unaudited: true, ..app.settings.clone() };
    Ok(App::new(app.db.clone(), clock, Arc::new(RandomIds), Vault::new(&[1; 32], &[2; 32]), networks, http, settings))
}

fn draft(text: &str) -> PostCreate {
    PostCreate { segments: vec![Message { text: text.into(), media: Vec::new() }], ..PostCreate::default() }
}

/// Writes per second.
async fn round(app: &Arc<App>, ctx: &Ctx, kind: Kind, posts: &[PostId], length: Duration) -> Result<f64> {
    let done = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut writers = JoinSet::new();
    for post in posts.iter().copied() {
        let (app, ctx, done) = (Arc::clone(app), ctx.clone(), Arc::clone(&done));
        writers.spawn(async move {
            let mut evergreen = false;
            while started.elapsed() < length {
                evergreen = !evergreen;
                match kind {
                    Kind::Mark => {
                        let input = PostEvergreen { post_id: post, evergreen };
                        app.call_once::<PostEvergreen>(&ctx, input).await?;
                    }
                    Kind::Draft => {
                        let text = format!("A draft {}", app.new_request());
                        app.call_once::<PostCreate>(&ctx, draft(&text)).await?;
                    }
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Error>(())
        });
    }
    // As the house does. What is not chained at the end of a round is chained in the next audited one, so that each bears
    // what one of them writes.
    let chaining = async {
        loop {
            if let Err(error) = seal_pending(app).await {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    };
    let writing = async {
        while let Some(writer) = writers.join_next().await {
            writer.map_err(Error::internal)??;
        }
        Ok::<_, Error>(())
    };
    tokio::select! {
        error = chaining => return Err(error),
        ended = writing => ended?,
    }
    let count = f64::from(u32::try_from(done.load(Ordering::Relaxed)).unwrap_or(u32::MAX));
    Ok(count / started.elapsed().as_secs_f64())
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

pub fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
