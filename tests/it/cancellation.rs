//! Callers that leave at any moment: what was acknowledged is there, and no connection keeps their transaction or their
//! workspace.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use allin::{
    app::{
        ctx::Ctx,
        posts::{create::PostCreate, query::PostQuery, schedule::PostSchedule},
    },
    ids::PostId,
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::{
    Setup, TestApp,
    http::Http,
    people::{Team, draft, schedule},
};

const CALLS: u64 = 5000;
const AT_ONCE: usize = 16;
const KINDS: usize = 3;
const AT: &str = "2027-05-05T05:05:00Z";

/// The same numbers in every run: splitmix64.
fn number(seed: u64, below: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x2545_F491_4F6C_DD1D);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % below
}

struct Side {
    team: Team,
    key: String,
    mark: &'static str,
    created: Mutex<BTreeSet<PostId>>,
    scheduled: Mutex<BTreeSet<PostId>>,
}

struct Stage {
    app: TestApp,
    http: Http,
    sides: [Side; 2],
    /// For each side, drafts that calls may schedule.
    posts: [Vec<PostId>; 2],
}

#[derive(Default)]
struct Count {
    answered: u64,
    given_up: u64,
}

/// What one call is to do.
#[derive(Clone)]
enum Work {
    Create(String),
    Query,
    Schedule(PostId),
}

impl Side {
    fn ctx(&self, app: &TestApp) -> Ctx {
        self.team.person(app)
    }

    /// A page must show this side's posts only.
    fn check(&self, excerpts: impl IntoIterator<Item = String>) {
        for excerpt in excerpts {
            assert!(excerpt.starts_with(self.mark), "{} was shown `{excerpt}`", self.mark);
        }
    }

    async fn inside(&self, app: &TestApp, work: &Work) {
        let ctx = self.ctx(app);
        match work {
            Work::Create(text) => {
                let made = app.call_once::<PostCreate>(&ctx, draft(&[text], &[])).await.unwrap();
                self.created.lock().unwrap().insert(made.post.id);
            }
            Work::Query => {
                let page = app.call_once::<PostQuery>(&ctx, PostQuery::default()).await.unwrap();
                self.check(page.posts.into_iter().map(|post| post.excerpt));
            }
            Work::Schedule(post) => {
                app.call_once::<PostSchedule>(&ctx, schedule(*post, AT)).await.unwrap();
                self.scheduled.lock().unwrap().insert(*post);
            }
        }
    }

    async fn over_http(&self, http: &Http, work: &Work) {
        let (tool, arguments) = match work {
            Work::Create(text) => ("post_create", json!({ "segments": [{ "text": text }] })),
            Work::Query => ("post_query", json!({})),
            Work::Schedule(post) => ("post_schedule", json!({ "post_id": post, "at": AT })),
        };
        let result = http.tool(&self.key, tool, arguments).await;
        assert!(!result["isError"].as_bool().unwrap_or(false), "{result}");
        let content = &result["structuredContent"];
        match work {
            Work::Create(_) => {
                self.created.lock().unwrap().insert(content["post"]["id"].as_str().unwrap().parse().unwrap());
            }
            Work::Query => self.check(
                content["posts"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|post| post.get("excerpt").and_then(Value::as_str).unwrap().to_owned()),
            ),
            Work::Schedule(post) => {
                self.scheduled.lock().unwrap().insert(*post);
            }
        }
    }
}

/// Which of the three kinds of work call `index` does: to create, to query or to schedule.
fn kind(index: u64) -> usize {
    usize::try_from(number(index ^ 0xA5, 3)).unwrap()
}

/// One call that is given up after a random time: by a timeout, by aborting its task, or by closing the connection.
async fn one(stage: Arc<Stage>, index: u64, typical: [Duration; KINDS]) -> bool {
    let Stage { app, http, sides, posts } = &*stage;
    let which = usize::try_from(number(index, 2)).unwrap();
    let work = match kind(index) {
        0 => Work::Create(format!("{} {index}", sides[which].mark)),
        1 => Work::Query,
        // Always to the same time, so that what was acknowledged is what must stand there.
        _ => Work::Schedule(posts[which][usize::try_from(index).unwrap() % posts[which].len()]),
    };
    let patience = typical[kind(index)] * u32::try_from(number(index ^ 0x5A, 200)).unwrap() / 100;
    match number(index ^ 0x77, 3) {
        0 => tokio::time::timeout(patience, sides[which].inside(app, &work)).await.is_ok(),
        1 => {
            let stage = Arc::clone(&stage);
            let mut task = tokio::spawn(async move { stage.sides[which].inside(&stage.app, &work).await });
            if let Ok(done) = tokio::time::timeout(patience, &mut task).await {
                done.unwrap();
                return true;
            }
            task.abort();
            match task.await {
                Ok(()) => true,
                Err(error) => {
                    assert!(error.is_cancelled(), "{error}");
                    false
                }
            }
        }
        _ => tokio::time::timeout(patience, sides[which].over_http(http, &work)).await.is_ok(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_calls_given_up_at_any_moment() {
    let app = TestApp::with(Setup { pool: 6, ..Setup::default() }).await;
    let mut http = app.serve().await;
    // A connection of its own for each request, so that giving up closes it.
    http.client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let sides = [side(&app, "aardvark").await, side(&app, "zebra").await];
    let posts = [ready(&app, &sides[0]).await, ready(&app, &sides[1]).await];
    let stage = Arc::new(Stage { app, http, sides, posts });

    // How long a call of each kind takes on this machine among as many others.
    let unhurried = stream::iter(0..200).map(|index| {
        let began = Instant::now();
        let stage = Arc::clone(&stage);
        async move {
            assert!(one(stage, CALLS + index, [Duration::from_secs(3600); KINDS]).await);
            (kind(CALLS + index), began.elapsed())
        }
    });
    let unhurried: Vec<(usize, Duration)> = unhurried.buffer_unordered(AT_ONCE).collect().await;
    let typical = std::array::from_fn(|kind| {
        let of_kind: Vec<_> = unhurried.iter().filter(|(done, _)| *done == kind).map(|(_, took)| *took).collect();
        of_kind.iter().sum::<Duration>() / u32::try_from(of_kind.len()).unwrap()
    });

    let calls = stream::iter(0..CALLS).map(|index| one(Arc::clone(&stage), index, typical));
    let count = calls.buffer_unordered(AT_ONCE).fold(Count::default(), async |mut count, answered| {
        if answered {
            count.answered += 1
        } else {
            count.given_up += 1
        }
        count
    });
    let count = count.await;
    assert!(
        count.answered > CALLS / 10 && count.given_up > CALLS / 10,
        "{} answered, {} given up",
        count.answered,
        count.given_up
    );

    let Stage { app, http, sides, .. } = Arc::into_inner(stage).unwrap();
    assert_eq!(app.database.in_transaction().await, Vec::<String>::new());
    let mut superuser = app.database.superuser().await;
    for side in sides.iter() {
        let there = "select post_id, status, at = $2 from posts where workspace_id = $1";
        let rows: Vec<(uuid::Uuid, String, Option<bool>)> = sqlx::query_as(there)
            .bind(side.team.workspace.uuid())
            .bind(AT.parse::<allin::clock::Timestamp>().unwrap())
            .fetch_all(&mut superuser)
            .await
            .unwrap();
        let all: BTreeSet<_> = rows.iter().map(|(id, ..)| PostId(*id)).collect();
        let planned: BTreeSet<_> = rows
            .iter()
            .filter(|(_, status, at)| status == "scheduled" && *at == Some(true))
            .map(|(id, ..)| PostId(*id))
            .collect();
        let (created, scheduled) = (side.created.lock().unwrap(), side.scheduled.lock().unwrap());
        assert!(created.len() > 50 && scheduled.len() > 50, "{} created, {} scheduled", created.len(), scheduled.len());
        assert_eq!(created.difference(&all).count(), 0, "acknowledged posts are missing");
        assert_eq!(scheduled.difference(&planned).count(), 0, "acknowledged times are missing");
    }
    // Whoever comes next, on whichever connection, is in the own workspace.
    for round in 0..40 {
        sides[round % 2].inside(&app, &Work::Query).await;
    }
    http.stop().await;
    app.close().await;
}

async fn side(app: &TestApp, mark: &'static str) -> Side {
    let team = app.team(mark).await;
    let (_, key) = app.key(&team, team.admin).await;
    Side { team, key, mark, created: Mutex::default(), scheduled: Mutex::default() }
}

/// Drafts for the calls that schedule.
async fn ready(app: &TestApp, side: &Side) -> Vec<PostId> {
    let account = app.account(&side.team, side.mark).await;
    let ctx = side.ctx(app);
    let texts: Vec<String> = (0..200).map(|number| format!("{} ready {number}", side.mark)).collect();
    let drafts = texts.iter().map(async |text| app.draft(&ctx, text, &[account]).await.id);
    stream::iter(drafts).buffer_unordered(6).collect().await
}
