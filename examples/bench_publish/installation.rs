//! An installation with accounts on the practice network, filled with posts past the use cases, since only the publishing is
//! measured; and `allin serve` as its publisher.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use allin::{
    app::{
        accounts::finish_connect::AccountFinishConnect,
        ctx::{Actor, Ctx, Origin},
        publishing::tokens,
        workspaces::create::{self, Owned},
    },
    boot::{self, Booted, SandboxUse},
    clients::networks::NetworkAccount,
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, WorkspaceId},
    model::networks::NetworkId,
    platform::Role,
};
use secrecy::SecretString;
use sqlx::{ConnectOptions as _, PgConnection};

use crate::{
    Arguments,
    network::{self, Network},
    product,
};

/// From filling until the posts are due.
const AHEAD: i64 = 12_000;
/// How long publishing may take in all.
const PATIENCE: Duration = Duration::from_secs(600);

pub struct Installation {
    home: PathBuf,
    arguments: Arguments,
    pub booted: Booted,
    network: Network,
    pub superuser: PgConnection,
    pub accounts: Vec<(WorkspaceId, AccountId)>,
    senders: Arc<Vec<NetworkAccount>>,
    round: usize,
}

/// Milliseconds from due to accepted.
pub struct Times(Vec<i64>);

impl Times {
    pub fn percentile(&self, percent: usize) -> i64 {
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).copied().unwrap_or(0)
    }
}

pub struct Published {
    pub posts_per_s: f64,
    pub times: Times,
    pub commits_per_post: f64,
}

impl Installation {
    pub async fn set_up(folder: &Path, arguments: Arguments, answer_after_ms: u64) -> Result<Self> {
        let home = folder.join("home");
        let network = crate::network(&folder.join("network"), answer_after_ms).await?;
        let mut config = product::config(&home)?;
        config.sandbox_url = Some(network.url.clone());
        let booted = boot::boot(config, SandboxUse::Call).await?;
        let cluster = booted.cluster.as_ref().ok_or_else(|| Error::internal("no private cluster"))?;
        let superuser = cluster.connect_options(Role::Superuser).connect().await?;
        let mut teams = vec![booted.home_owner];
        while teams.len() < arguments.workspaces {
            teams.push(create::create(&booted.app, "Bench", "Etc/UTC", "Bench", None).await?);
        }
        let mut accounts = Vec::with_capacity(arguments.accounts);
        let mut senders = Vec::with_capacity(arguments.accounts);
        for (number, team) in (0..arguments.accounts).zip(teams.iter().cycle()) {
            let account = connect(&booted, *team, number).await?;
            let sender = tokens::ready(&booted.app, team.workspace, account).await?;
            senders.push(sender.map_err(|failure| Error::internal(failure.message))?.account);
            accounts.push((team.workspace, account));
        }
        let senders = Arc::new(senders);
        Ok(Self { home, arguments, booted, network, superuser, accounts, senders, round: 0 })
    }

    pub async fn call_directly(&self, posts: usize) -> Result<f64> {
        network::call_directly(&self.booted.app, &self.senders, posts, self.arguments.connections).await
    }

    /// Has `allin serve` publish so many posts that are due together, or spread evenly over some time.
    pub async fn publish(&mut self, posts: usize, over: Duration) -> Result<Published> {
        let port_file = self.home.join("port");
        let arguments = [product::AS_PRODUCT, "serve", "--listen", "127.0.0.1:0", "--port-file"].map(OsStr::new);
        let mut command = product::command(&self.home, &[arguments.as_slice(), &[port_file.as_os_str()]].concat())?;
        command.env("ALLIN_SANDBOX_URL", self.network.url.as_str());
        command.env("ALLIN_CONNECTIONS", self.arguments.connections.to_string());
        _ = std::fs::remove_file(&port_file);
        let (server, _) = product::serve(command, product::written(&port_file)).await?;
        self.round += 1;
        let due = self.booted.app.now().plus_millis(AHEAD);
        self.fill(posts, due, over).await?;
        let wait = u64::try_from(due.millis_since(self.booted.app.now()) - 1500)
            .map_err(|_| Error::internal("filling took too long; nothing is measured"))?;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let commits = self.commits().await?;
        self.all_recorded().await?;
        // Sessions report what they did once they have been idle for a second.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let commits = self.commits().await? - commits;
        server.stop().await?;
        self.measured(posts, due, over, commits)
    }

    fn measured(&self, posts: usize, due: Timestamp, over: Duration, commits: i64) -> Result<Published> {
        let accepted = self.network.accepted()?;
        let mut times = Vec::with_capacity(posts);
        let mut last = due;
        for number in 0..posts {
            let text = network::text(&self.round.to_string(), number);
            let at = accepted.get(&text).ok_or_else(|| Error::internal(format!("never accepted: {text}")))?;
            last = last.max(*at);
            times.push(at.millis_since(due.plus_millis(offset(number, posts, over))));
        }
        times.sort_unstable();
        if times.first().is_some_and(|first| *first < 0) {
            return Err(Error::internal("a post went out before it was due"));
        }
        Ok(Published {
            posts_per_s: posts as f64 * 1000.0 / (last.millis_since(due) as f64).max(1.0),
            times: Times(times),
            commits_per_post: commits as f64 / posts as f64,
        })
    }

    /// One message each, spread over the accounts.
    async fn fill(&mut self, posts: usize, due: Timestamp, over: Duration) -> Result<()> {
        let (workspaces, accounts): (Vec<_>, Vec<_>) =
            self.accounts.iter().map(|(workspace, account)| (workspace.uuid(), account.uuid())).unzip();
        let numbers: Vec<i32> = (0..).take(posts).collect();
        let texts: Vec<String> = (0..posts).map(|number| network::text(&self.round.to_string(), number)).collect();
        let dues: Vec<Timestamp> = (0..posts).map(|number| due.plus_millis(offset(number, posts, over))).collect();
        sqlx::query(
            "create temp table fresh as
             select a.workspace, a.account, uuidv7() as post, uuidv7() as target, uuidv7() as key, n.text, n.due
             from unnest($1::int[], $2::text[], $3::timestamptz[]) n (number, text, due)
             join unnest($4::uuid[], $5::uuid[]) with ordinality a (workspace, account, place)
                  on a.place = 1 + n.number % cardinality($4)",
        )
        .bind(numbers)
        .bind(texts)
        .bind(dues)
        .bind(workspaces)
        .bind(accounts)
        .execute(&mut self.superuser)
        .await?;
        sqlx::raw_sql(
            "insert into posts (workspace_id, post_id, status, content_hash, author_id, at, excerpt, created_at, updated_at)
             select f.workspace, f.post, 'scheduled', sha256(f.text::bytea), m.member_id, f.due, left(f.text, 80), now(), now()
             from fresh f join lateral (select member_id from members where workspace_id = f.workspace limit 1) m on true;
             insert into targets (workspace_id, target_id, post_id, account_id, state, due_at, created_at, updated_at)
             select workspace, target, post, account, 'scheduled', due, now(), now() from fresh;
             insert into segments (workspace_id, target_id, ordinal, text, send_key)
             select workspace, target, 0, text, key from fresh;
             insert into dispatch (workspace_id, target_id, account_id, due_at, fence)
             select workspace, target, account, due, nextval('dispatch_fence') from fresh;
             drop table fresh",
        )
        .execute(&mut self.superuser)
        .await?;
        // What the server's own housekeeping would do within a minute.
        sqlx::raw_sql("vacuum analyze").execute(&mut self.superuser).await?;
        Ok(())
    }

    /// Until nothing is left in the queue.
    async fn all_recorded(&mut self) -> Result<()> {
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            let left: bool =
                sqlx::query_scalar("select exists (select from dispatch)").fetch_one(&mut self.superuser).await?;
            if !left {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Err(Error::internal("not everything was published in time"))
    }

    async fn commits(&mut self) -> Result<i64> {
        let count = "select xact_commit from pg_stat_database where datname = current_database()";
        Ok(sqlx::query_scalar(count).fetch_one(&mut self.superuser).await?)
    }

    pub async fn close(self) -> Result<()> {
        drop(self.superuser);
        self.booted.close().await?;
        self.network.stop().await
    }
}

async fn connect(booted: &Booted, team: Owned, number: usize) -> Result<AccountId> {
    let ctx = Ctx {
        workspace: team.workspace,
        actor: Actor::Person { member: team.member },
        origin: Origin::CommandLine,
        request: booted.app.new_request(),
    };
    let input = AccountFinishConnect {
        network: NetworkId::Sandbox,
        server: None,
        identifier: format!("bench{number}"),
        password: SecretString::from("correct horse"),
        page: None,
    };
    Ok(booted.app.call_once::<AccountFinishConnect>(&ctx, input).await?.account.id)
}

/// How long after the first a post is due, in milliseconds.
fn offset(number: usize, posts: usize, over: Duration) -> i64 {
    let millis = over.as_secs_f64() * 1000.0 * number as f64 / posts as f64;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a minute")]
    let millis = millis as i64;
    millis
}
