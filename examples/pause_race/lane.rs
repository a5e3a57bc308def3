//! One workspace with an account, where pause after pause races a due post.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    sync::Arc,
    time::Duration,
};

use allin::{
    app::{
        App,
        accounts::finish_connect::AccountFinishConnect,
        ctx::{Actor, Ctx, Origin},
        pauses::{
            resume::PublishingResume,
            start::{PublishingPause, PublishingPaused},
        },
        posts::{create::PostCreate, schedule::PostSchedule},
        use_case::{CallOptions, Reply},
        workspaces::create,
    },
    boot::Booted,
    clock::{Clock as _, SystemClock, Timestamp},
    error::{Error, Result},
    ids::{AccountId, CampaignId, IdGen as _, PostId, RandomIds},
    model::{networks::NetworkId, posts::Message},
};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::PgPool;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

/// Posts that are due together in one round.
const POSTS: usize = 3;

/// What was counted.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    pub rounds: u32,
    pub posts: u64,
    pub accepted: u64,
    pub named: u64,
    pub held: u64,
    /// Accepted by the network after the pause had answered.
    pub late: u64,
    /// Without an outcome when the pause answered, and not in its answer.
    pub unnamed: u64,
    pub pause_millis: f64,
    pub pause_millis_max: f64,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.rounds += other.rounds;
        self.posts += other.posts;
        self.accepted += other.accepted;
        self.named += other.named;
        self.held += other.held;
        self.late += other.late;
        self.unnamed += other.unnamed;
        self.pause_millis += other.pause_millis;
        self.pause_millis_max = self.pause_millis_max.max(other.pause_millis_max);
    }
}

pub struct Lane {
    app: Arc<App>,
    superuser: PgPool,
    /// The practice network's log, and how much of it was read.
    log: File,
    read: u64,
    ctx: Ctx,
    account: AccountId,
    campaign: CampaignId,
    number: u32,
    random: u64,
    /// How long before its time a post is scheduled, in milliseconds; more where the machine is busy.
    ahead: i64,
    /// How long after the due time the pause begins, in microseconds; follows the publisher's pace.
    offset: i64,
}

impl Lane {
    pub async fn open(booted: &Booted, superuser: PgPool, number: u32, seed: u64) -> Result<Self> {
        let app = Arc::clone(&booted.app);
        let owned = create::create(&app, &format!("Lane {number}"), "UTC", "Race", None).await?;
        let ctx = Ctx {
            workspace: owned.workspace,
            actor: Actor::Person { member: owned.member },
            origin: Origin::CommandLine,
            request: app.new_request(),
        };
        let connect = AccountFinishConnect {
            network: NetworkId::Sandbox,
            server: None,
            identifier: format!("lane{number}"),
            password: SecretString::from("correct horse"),
            page: None,
        };
        let account = app.call_once::<AccountFinishConnect>(&ctx, connect).await?.account.id;
        let campaign = CampaignId(RandomIds.next(SystemClock.now()));
        sqlx::query("insert into campaigns (workspace_id, campaign_id, name, created_at, updated_at) values ($1, $2, 'Race', now(), now())")
            .bind(owned.workspace.uuid())
            .bind(campaign.uuid())
            .execute(&superuser)
            .await?;
        let log = File::open(booted.config.home.root().join("sandbox").join("log.jsonl")).map_err(Error::internal)?;
        let random = (seed ^ (u64::from(number) << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Ok(Self { app, superuser, log, read: 0, ctx, account, campaign, number, random, ahead: 100, offset: 3_000 })
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    pub async fn race(mut self, rounds: u32) -> Result<Counts> {
        let mut counts = Counts::default();
        for round in 0..rounds {
            self.round(round, &mut counts).await?;
        }
        Ok(counts)
    }

    async fn round(&mut self, round: u32, counts: &mut Counts) -> Result<()> {
        let (posts, due) = self.posts(round).await?;
        let jitter = i64::try_from(self.random(12_000)).unwrap_or(0) - 6_000;
        let micros = due.as_micros() - SystemClock.now().as_micros() + self.offset + jitter;
        sleep_until(Instant::now() + Duration::from_micros(u64::try_from(micros).unwrap_or(0))).await;
        let (account_id, campaign_id, tag) = match self.random(4) {
            0 => (Some(self.account), None, None),
            1 => (None, Some(self.campaign), None),
            2 => (None, None, Some("race".to_owned())),
            _ => (None, None, None),
        };
        let input = PublishingPause { reason: "race".into(), account_id, campaign_id, tag: tag.clone() };
        let began = Instant::now();
        let paused = self.app.call_once::<PublishingPause>(&self.ctx, input).await?;
        let answered = SystemClock.now();
        let took = began.elapsed().as_secs_f64() * 1000.0;
        counts.pause_millis += took;
        counts.pause_millis_max = counts.pause_millis_max.max(took);
        counts.unnamed += self.unnamed(&posts, &paused).await?;
        // Whatever would still come has come by then.
        self.settled(&posts).await?;
        let accepted = self.accepted(round)?;
        counts.late += accepted.iter().filter(|at| **at > answered).count() as u64;
        counts.named += paused.under_way.len() as u64;
        counts.accepted += accepted.len() as u64;
        counts.posts += posts.len() as u64;
        counts.held += (posts.len() - accepted.len()) as u64;
        counts.rounds += 1;
        // Towards the moment at which half of them get through.
        self.offset += if accepted.len() * 2 > posts.len() { -400 } else { 400 };
        let resume = PublishingResume { account_id, campaign_id, tag, ..PublishingResume::default() };
        let Reply::Ask(asked) =
            self.app.call::<PublishingResume>(&self.ctx, resume.clone(), CallOptions::default()).await?
        else {
            return Err(Error::internal("resuming did not ask"));
        };
        let options = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
        self.app.call::<PublishingResume>(&self.ctx, resume, options).await?.done().map(drop)
    }

    fn text(&self, round: u32, number: usize) -> String {
        format!("lane {} round {round} post {number}", self.number)
    }

    /// Posts that are due together in a moment.
    async fn posts(&mut self, round: u32) -> Result<(Vec<PostId>, Timestamp)> {
        let mut posts = Vec::with_capacity(POSTS);
        for number in 0..POSTS {
            let input = PostCreate {
                segments: vec![Message { text: self.text(round, number), media: Vec::new() }],
                account_ids: vec![self.account],
                variants: Vec::new(),
                title: None,
                ..PostCreate::default()
            };
            posts.push(self.app.call_once::<PostCreate>(&self.ctx, input).await?.post.id);
        }
        let ids: Vec<Uuid> = posts.iter().map(|id| id.uuid()).collect();
        sqlx::query("update posts set campaign_id = $2, tags = array['race'] where post_id = any ($1)")
            .bind(&ids)
            .bind(self.campaign.uuid())
            .execute(&self.superuser)
            .await?;
        loop {
            let due = SystemClock.now().plus_millis(self.ahead);
            let mut scheduled = Vec::new();
            for post_id in &posts {
                let input =
                    PostSchedule { post_id: *post_id, at: due.to_string(), time_zone: None, account_ids: Vec::new() };
                match self.app.call_once::<PostSchedule>(&self.ctx, input).await {
                    Ok(_) => scheduled.push(*post_id),
                    Err(error) if error.code() == "time_in_past" => self.ahead += 20,
                    Err(error) => return Err(error),
                }
            }
            if !scheduled.is_empty() {
                return Ok((scheduled, due));
            }
        }
    }

    /// Attempts without an outcome that the answer does not name.
    async fn unnamed(&self, posts: &[PostId], paused: &PublishingPaused) -> Result<u64> {
        let ids: Vec<Uuid> = posts.iter().map(|id| id.uuid()).collect();
        let named: Vec<Uuid> = paused.under_way.iter().map(|begun| begun.attempt_id.uuid()).collect();
        let count: i64 = sqlx::query_scalar(
            "select count(*) from attempts x join targets t using (workspace_id, target_id)
             where t.post_id = any ($1) and x.state = 'armed' and x.attempt_id <> all ($2)",
        )
        .bind(&ids)
        .bind(&named)
        .fetch_one(&self.superuser)
        .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Waits until each post is published or held.
    async fn settled(&self, posts: &[PostId]) -> Result<()> {
        let ids: Vec<Uuid> = posts.iter().map(|id| id.uuid()).collect();
        for _ in 0..6_000 {
            let open: i64 = sqlx::query_scalar(
                "select count(*) from targets where post_id = any ($1) and state not in ('published', 'held')",
            )
            .bind(&ids)
            .fetch_one(&self.superuser)
            .await?;
            if open == 0 {
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        Err(Error::internal("a post is neither published nor held after 30 seconds"))
    }

    /// When the network accepted this round's posts, by its own log. Each line is read once.
    fn accepted(&mut self, round: u32) -> Result<Vec<Timestamp>> {
        self.log.seek(SeekFrom::Start(self.read)).map_err(Error::internal)?;
        let mut fresh = Vec::new();
        self.log.read_to_end(&mut fresh).map_err(Error::internal)?;
        let whole = fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        fresh.truncate(whole);
        self.read += whole as u64;
        let ours = format!("lane {} round {round} post ", self.number);
        let mut found = Vec::new();
        for line in String::from_utf8_lossy(&fresh).lines().filter(|line| line.contains(&ours)) {
            let entry: Value = serde_json::from_str(line).map_err(Error::internal)?;
            if entry.get("event").and_then(Value::as_str) == Some("post_created") {
                found.push(entry.get("at").and_then(Value::as_str).unwrap_or_default().parse()?);
            }
        }
        Ok(found)
    }
}
