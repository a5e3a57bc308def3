//! What the doctor sees in the database: whose home it is, accounts, held posts, and mail.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Check, machine};
use crate::{
    app::workspaces::create::Owned,
    cli::background,
    clock::{Clock as _, SystemClock},
    config::Config,
    error::Result,
    ids::WorkspaceId,
    model::{accounts::AccountStatus, networks::NetworkId, states::PostStatus},
    store::{
        accounts,
        db::{Db, Entrance},
        installation, mail, posts, workspaces,
    },
};

/// Mail that was given up longer ago is history, in seconds.
const GIVEN_UP_WITHIN_SECS: i64 = 7 * 24 * 3600;
/// A doctor need not read a whole platform's tenants.
const WORKSPACES_MOST: i32 = 200;

pub async fn look(config: &Config, db: &Db) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.push(identity(db).await.unwrap_or_else(|error| Check::failed("identity", &error)));
    checks.push(home_owner(config, db).await.unwrap_or_else(|error| Check::failed("home_owner", &error)));
    match tenants(db).await {
        Ok(found) => {
            checks.extend(found.checks());
            checks.extend(found.reach().await);
        }
        Err(error) => checks.push(Check::failed("accounts", &error)),
    }
    checks.push(mail_queue(config, db).await.unwrap_or_else(|error| Check::failed("mail", &error)));
    checks
}

async fn identity(db: &Db) -> Result<Check> {
    let mut tx = db.begin().await?;
    let known = installation::get(&mut tx, "cluster").await?;
    let identity = installation::cluster_identity(&mut tx).await?;
    tx.finish_read();
    Ok(match known {
        Some(known) if known != json!(identity) => Check::warning(
            "identity",
            "the database was restored or moved, and not started since",
            "The next start pauses publishing and holds what came due meanwhile. Look at it, then run `allin resume`.",
        ),
        _ => Check::ok("identity", format!("the database is where it was last used ({identity})")),
    })
}

async fn home_owner(config: &Config, db: &Db) -> Result<Check> {
    let name = "home_owner";
    let path = config.home.root().join("home.json");
    let owned = match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice::<Owned>(&text).ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && config.workspace.is_none() => {
            return Ok(Check::ok(name, "home.json is made at the next start"));
        }
        Err(_) => None,
    };
    let workspace = config.workspace.or(owned.map(|owned| owned.workspace));
    let member = config.member.or(owned.map(|owned| owned.member));
    let (Some(workspace), Some(member)) = (workspace, member) else {
        let mend = "Delete the file, it is made anew from the database; or set ALLIN_WORKSPACE and ALLIN_MEMBER.";
        return Ok(Check::problem(name, format!("{} cannot be read", path.display()), mend));
    };
    let entered = db.tenant(workspace, Entrance::Member { member, key: None }, SystemClock.now()).await;
    Ok(match entered {
        Ok((tx, entered)) => {
            tx.finish_read();
            let role = entered.role.map_or("system", |role| role.as_str());
            Check::ok(name, format!("commands and clients here act for {} ({role})", entered.member_name))
        }
        Err(error) if error.code() == "access_ended" => Check::problem(
            name,
            format!("{member} is no member of {workspace}"),
            "Set ALLIN_WORKSPACE and ALLIN_MEMBER to what `allin workspace list` shows; or move home.json away, it is made anew from the database.",
        ),
        Err(error) => return Err(error),
    })
}

#[derive(Default)]
struct Tenants {
    workspaces: usize,
    paused: Vec<(String, String)>,
    connected: usize,
    practice: usize,
    broken: Vec<String>,
    limited: Vec<String>,
    /// `host:port` of real networks in use.
    servers: BTreeSet<String>,
    held: i64,
    unknown: i64,
    failed: i64,
    /// Mail to members that was given up lately.
    given_up: i64,
}

async fn tenants(db: &Db) -> Result<Tenants> {
    let mut tx = db.begin().await?;
    let ids = installation::workspaces(&mut tx, None, WORKSPACES_MOST).await?;
    tx.finish_read();
    let mut found = Tenants::default();
    for id in ids {
        found.add(db, id).await?;
    }
    Ok(found)
}

impl Tenants {
    async fn add(&mut self, db: &Db, id: WorkspaceId) -> Result<()> {
        let now = SystemClock.now();
        let (mut tx, _) = db.tenant(id, Entrance::System, now).await?;
        let workspace = workspaces::get(&mut tx, id).await?;
        let listed = accounts::list(&mut tx, id, None).await?;
        let counts = posts::count_by_status(&mut tx, id, None).await?;
        self.given_up += mail::given_up_since(&mut tx, id, now.plus_secs(-GIVEN_UP_WITHIN_SECS)).await?;
        tx.finish_read();
        self.workspaces += 1;
        if let Some(workspace) = workspace.filter(|workspace| workspace.paused_at.is_some()) {
            self.paused.push((workspace.name, workspace.paused_reason.unwrap_or_default()));
        }
        for account in listed {
            let why = account.status_reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let shown = format!("{} on {}{why}", account.handle, account.network.as_str());
            match account.status {
                AccountStatus::Connected => self.connected += 1,
                AccountStatus::Limited => self.limited.push(shown),
                AccountStatus::Disconnected => self.broken.push(shown),
            }
            match account.network {
                NetworkId::Sandbox => self.practice += 1,
                NetworkId::Bluesky => self.servers.extend(server(&account.base_url)),
            }
        }
        for (status, count) in counts {
            match status.parse::<PostStatus>()? {
                PostStatus::Held => self.held += count,
                PostStatus::Unknown => self.unknown += count,
                PostStatus::Failed => self.failed += count,
                _ => {}
            }
        }
        Ok(())
    }

    fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        for (name, reason) in &self.paused {
            checks.push(Check::warning(
                "workspaces",
                format!("“{name}” is paused: {reason}"),
                "When that is settled: `allin resume`.",
            ));
        }
        if self.paused.is_empty() {
            checks.push(Check::ok("workspaces", format!("{}, none paused", self.workspaces)));
        }
        let total = self.connected + self.limited.len() + self.broken.len();
        if total == 0 {
            checks.push(Check::warning(
                "accounts",
                "none is connected",
                "Ask your client to connect one, or `allin account connect bluesky HANDLE`.",
            ));
        } else if self.broken.is_empty() && self.limited.is_empty() {
            let practice = if self.practice > 0 {
                format!(", {} of them on the practice network", self.practice)
            } else {
                String::new()
            };
            checks.push(Check::ok("accounts", format!("{total} connected{practice}")));
        }
        for account in &self.broken {
            checks.push(Check::warning(
                "accounts",
                format!("disconnected: {account}"),
                "Connect it again, or remove it with `allin account remove`.",
            ));
        }
        for account in &self.limited {
            checks.push(Check::warning(
                "accounts",
                format!("limited: {account}"),
                "Look at it on the network; `allin account test` asks again.",
            ));
        }
        if self.given_up > 0 {
            checks.push(Check::warning(
                "mail_given_up",
                format!("{} notifications of the last week were not mailed", self.given_up),
                "Correct the addresses (`allin member email`) and the mail server; nothing of it is sent again.",
            ));
        }
        checks.push(match (self.held, self.unknown, self.failed) {
            (0, 0, 0) => Check::ok("posts", "none needs you"),
            (held, unknown, failed) => Check::warning(
                "posts",
                format!("{held} held, {unknown} of unknown outcome, {failed} failed"),
                "`allin post list --status held` (or unknown, failed) and `allin post show` say why and what to do.",
            ),
        });
        checks
    }

    /// Only servers of connected accounts are asked, and nothing is sent to them.
    async fn reach(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        for server in &self.servers {
            checks.push(match machine::answers(server).await {
                true => Check::ok("network", format!("{server} answers")),
                false => Check::warning(
                    "network",
                    format!("{server} does not answer"),
                    "Check this machine's connection, name resolution and firewall.",
                ),
            });
        }
        checks
    }
}

fn server(base_url: &str) -> Option<String> {
    let url: url::Url = base_url.parse().ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// Whether notifications can be mailed, and are.
async fn mail_queue(config: &Config, db: &Db) -> Result<Check> {
    let name = "mail";
    let mut tx = db.begin().await?;
    let queue = mail::health(&mut tx).await?;
    tx.finish_read();
    let waiting = match queue.oldest {
        None => "nothing waits".to_owned(),
        Some(since) => {
            let minutes = SystemClock.now().millis_since(since) / 60_000;
            format!(
                "{} notifications wait, the oldest for {minutes} min, {} after a failed try",
                queue.waiting, queue.retried
            )
        }
    };
    let Some(mailer) = &config.mail else {
        let seen = format!("no mail server is set; {waiting}");
        return Ok(match queue.waiting {
            0 => Check::ok(name, seen),
            _ => Check::warning(name, seen, "Set ALLIN_SMTP_URL and ALLIN_MAIL_FROM where AllIN keeps running."),
        });
    };
    crate::clients::http::install_tls_provider();
    Ok(match mailer.check().await {
        Ok(()) => Check::ok(name, format!("{} answers; {waiting}", mailer.server())),
        Err(obstacle) => {
            let kept = background::state(config).await.is_ok_and(|state| state.installed);
            let again =
                if kept { " Then `allin service install` again: it keeps the settings it was given." } else { "" };
            let hours = if queue.waiting > 0 { " What waits is tried again for hours." } else { "" };
            Check::problem(
                name,
                format!("{}: {}; {waiting}", mailer.server(), obstacle.why),
                format!("{}{again}{hours}", obstacle.mend),
            )
        }
    })
}
