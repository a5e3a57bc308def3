//! `allin demo`: a week of posts on the practice network, two of them published while you watch. Everything real but
//! the network's audience; asks nothing and may be run again.

use std::{
    io::Cursor,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use image::{ImageFormat, Rgb, RgbImage};
use jiff::{ToSpan as _, Zoned, civil::Time};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    app::{
        App,
        accounts::{finish_connect::AccountFinishConnect, list::AccountView},
        assets::add::AssetAdd,
        calendar::get::CalendarGet,
        ctx::{Actor, Ctx, Origin},
        posts::{
            cancel::PostCancel, create::PostCreate, get::PostGet, query::PostQuery, schedule::PostSchedule,
            view::PostView,
        },
        workspaces::create::{self, Owned},
    },
    boot::{self, Booted, SandboxUse},
    cli::{print, setup},
    clients::http::Call,
    config::Config,
    error::{Error, Result},
    ids::{AccountId, PostId},
    jobs::Jobs,
    model::{
        networks::NetworkId,
        posts::{MediaRef, Message},
        states::{PostStatus, TargetState},
        times,
    },
    tools::registry::Spoken as _,
};

/// How long the two due posts may take.
const WAIT: Duration = Duration::from_secs(30);

#[derive(Args)]
pub struct Demo {}

impl Demo {
    pub async fn run(self, config: Config) -> Result<()> {
        let began = Instant::now();
        print::line("AllIN demo: a week of posts on the built-in practice network.\n");
        let booted = boot::boot(config, SandboxUse::Create).await?;
        let stop = CancellationToken::new();
        let jobs = Jobs::start(&booted.app, "demo", &stop);
        let result = show(&booted, began).await;
        stop.cancel();
        jobs.ended().await;
        let closed = booted.close().await;
        result.and(closed)
    }
}

async fn show(booted: &Booted, began: Instant) -> Result<()> {
    let app = &booted.app;
    step(began, "The database is running and up to date.");
    let owned = workspace(booted).await?;
    let ctx = Ctx {
        workspace: owned.workspace,
        actor: Actor::Person { member: owned.member },
        origin: Origin::CommandLine,
        request: app.new_request(),
    };
    let bakery = connect(booted, &ctx, "corner-bakery").await?;
    let baker = connect(booted, &ctx, "lena-the-baker").await?;
    step(began, &format!("Workspace “Demo” with @{} and @{} on the practice network.", bakery.handle, baker.handle));
    tidy(app, &ctx).await?;
    let due = plan_week(app, &ctx, bakery.id, baker.id, &booted.config.time_zone).await?;
    step(began, "Six posts are planned over the week; two are due in a second.");
    let published = wait(app, &ctx, &due).await?;
    for post in &published {
        read_back(app, post, began).await?;
    }
    let calendar = app.call_once::<CalendarGet>(&ctx, CalendarGet { days: Some(8), ..CalendarGet::default() }).await?;
    print::line(format!("\nThe calendar\n{}", CalendarGet::say(&calendar)));
    print::line(
        "The rest goes out at its time while something is running: `allin serve`, or a connected client. A post whose time \
         passes while nothing runs is held for you instead of going out late.\n",
    );
    print::line(setup::connect(Some(booted.config.home.root())));
    print::line(format!(
        "\nTo work in this demo workspace add to its \"env\": ALLIN_WORKSPACE={} and ALLIN_MEMBER={}.",
        owned.workspace, owned.member
    ));
    Ok(())
}

fn step(began: Instant, text: &str) {
    print::line(format!("{:5.1} s  {text}", began.elapsed().as_secs_f64()));
}

/// The demo's workspace, kept from run to run.
async fn workspace(booted: &Booted) -> Result<Owned> {
    let path = booted.config.home.root().join("demo.json");
    if let Some(owned) = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
        return Ok(owned);
    }
    let person = booted.home_owner.person;
    let owned =
        create::create(&booted.app, "Demo", &booted.config.time_zone, &booted.config.owner, Some(person)).await?;
    let text = serde_json::to_vec_pretty(&owned).map_err(Error::internal)?;
    boot::write_whole(&path, &text)?;
    Ok(owned)
}

async fn connect(booted: &Booted, ctx: &Ctx, handle: &str) -> Result<AccountView> {
    let input = AccountFinishConnect {
        network: NetworkId::Sandbox,
        server: None,
        identifier: handle.to_owned(),
        password: booted.config.home.secret_or_create("sandbox-demo.password")?,
        page: None,
    };
    Ok(booted.app.call_once::<AccountFinishConnect>(ctx, input).await?.account)
}

/// Takes back what an earlier run left planned.
async fn tidy(app: &App, ctx: &Ctx) -> Result<()> {
    let query = PostQuery { status: Some(PostStatus::Scheduled), limit: Some(100), ..PostQuery::default() };
    for line in app.call_once::<PostQuery>(ctx, query).await?.posts {
        app.call_once::<PostCancel>(ctx, PostCancel { post_id: line.id, account_ids: Vec::new() }).await?;
    }
    Ok(())
}

async fn plan_week(
    app: &Arc<App>,
    ctx: &Ctx,
    bakery: AccountId,
    baker: AccountId,
    zone_name: &str,
) -> Result<Vec<PostId>> {
    let now = app.now().in_zone(&times::zone(zone_name)?);
    let run = now.strftime("%-d %B, %H:%M:%S").to_string();
    let picture = add_picture(app, ctx).await?;
    let with_picture =
        Message { text: format!("Fresh out of the oven ({run}): rye with caraway 🥖 #bakery"), media: vec![picture] };
    let soon = now.checked_add(1.second()).map_err(Error::internal)?;
    let first = draft(app, ctx, vec![with_picture], vec![bakery], &soon).await?;
    let second = draft(
        app,
        ctx,
        vec![text(format!("Up since four, and the dough is on my side today. ({run})"))],
        vec![baker],
        &soon,
    )
    .await?;
    let days: [(i8, i8, Vec<Message>, Vec<AccountId>); 4] = [
        (1, 9, vec![text("Tomorrow's special: plum cake, while it lasts.".into())], vec![bakery]),
        (
            2,
            18,
            vec![
                text("Three things I learnt about sourdough this year. 1/3".into()),
                text("Patience beats flour. 2/3".into()),
                text("And water temperature beats both. 3/3".into()),
            ],
            vec![baker],
        ),
        (
            4,
            8,
            vec![text("We are looking for an apprentice who likes mornings. Tell a friend!".into())],
            vec![bakery, baker],
        ),
        (6, 11, vec![text("Sunday opening hours: 8 to 12. See you there.".into())], vec![bakery]),
    ];
    for (ahead, hour, messages, accounts) in days {
        let at = now
            .checked_add(i64::from(ahead).days())
            .map_err(Error::internal)?
            .with()
            .time(Time::constant(hour, 0, 0, 0))
            .build()
            .map_err(Error::internal)?;
        draft(app, ctx, messages, accounts, &at).await?;
    }
    Ok(vec![first, second])
}

fn text(text: String) -> Message {
    Message { text, media: Vec::new() }
}

async fn draft(
    app: &App,
    ctx: &Ctx,
    segments: Vec<Message>,
    account_ids: Vec<AccountId>,
    at: &Zoned,
) -> Result<PostId> {
    let input = PostCreate { segments, account_ids, ..PostCreate::default() };
    // Not the ten-minute memory of the gate: a second run plans a second week.
    let options = crate::app::use_case::CallOptions {
        idempotency_key: Some(app.new_request().to_string()),
        ..Default::default()
    };
    let post = app.call::<PostCreate>(ctx, input, options).await?.done()?.post.id;
    let schedule =
        PostSchedule { post_id: post, at: at.timestamp().to_string(), time_zone: None, account_ids: Vec::new() };
    app.call_once::<PostSchedule>(ctx, schedule).await?;
    Ok(post)
}

/// A drawn loaf, so that the demo needs no file.
async fn add_picture(app: &App, ctx: &Ctx) -> Result<MediaRef> {
    let loaf = RgbImage::from_fn(640, 400, |x, y| {
        let (dx, dy) = ((f64::from(x) - 320.0) / 250.0, (f64::from(y) - 220.0) / 120.0);
        let scored = (x + y) % 90 < 8;
        if dx * dx + dy * dy > 1.0 {
            Rgb([250, 243, 230])
        } else if scored {
            Rgb([238, 205, 150])
        } else {
            Rgb([178, 110, 52])
        }
    });
    let mut bytes = Cursor::new(Vec::new());
    loaf.write_to(&mut bytes, ImageFormat::Png).map_err(Error::internal)?;
    let alt = "A drawn loaf of rye bread with three cuts in its crust".to_owned();
    let added =
        app.call_once::<AssetAdd>(ctx, AssetAdd::new(bytes.get_ref(), Some("loaf.png".into()), Some(alt))).await?;
    Ok(MediaRef { asset_id: added.asset.id, alt_text: None })
}

async fn wait(app: &App, ctx: &Ctx, due: &[PostId]) -> Result<Vec<PostView>> {
    let mut changes = app.changes();
    let deadline = Instant::now() + WAIT;
    loop {
        let mut posts = Vec::new();
        for post_id in due {
            posts.push(app.call_once::<PostGet>(ctx, PostGet { post_id: *post_id }).await?.post);
        }
        let open = |post: &PostView| post.targets.iter().any(|target| target.status != TargetState::Published);
        if !posts.iter().any(open) {
            return Ok(posts);
        }
        if Instant::now() > deadline {
            let why = posts.iter().flat_map(|post| &post.targets).find_map(|target| target.problem.clone());
            let message =
                why.map_or_else(|| "the posts are not out after 30 seconds".to_owned(), |problem| problem.message);
            return Err(Error::unavailable("demo_not_published", format!("The demo could not publish: {message}."))
                .next("Run `allin doctor`."));
        }
        _ = tokio::time::timeout(Duration::from_millis(200), changes.recv()).await;
    }
}

/// Asks the network itself, over HTTP, what it shows.
async fn read_back(app: &App, post: &PostView, began: Instant) -> Result<()> {
    for target in &post.targets {
        for segment in &target.segments {
            let (Some(url), Some(id)) = (&segment.url, &segment.remote_id) else { continue };
            let page: Url = url.parse().map_err(Error::internal)?;
            let origin =
                format!("{}:{}", page.host_str().unwrap_or_default(), page.port_or_known_default().unwrap_or(80));
            let address = page.join(&format!("/v1/posts/{id}")).map_err(Error::internal)?;
            let answer = app.http.allowing(origin.parse()?).send(Call::get(address)).await?;
            let seen: Value = answer.json().map_err(Error::internal)?;
            let text = seen.get("text").and_then(Value::as_str).unwrap_or_default();
            if text != segment.message.text {
                return Err(Error::internal(format!("the network shows other text: {text}")));
            }
            step(began, &format!("@{} published, and the network shows it: {url}\n         “{text}”", target.handle));
        }
    }
    Ok(())
}
