//! What the doctor sees of publishing: whether anything publishes, what waits, and servers that fail.

use super::Check;
use crate::{
    app::publishing::presence::{self, SILENT_AFTER_SECS},
    clock::{Clock as _, SystemClock},
    error::Result,
    store::{
        db::Db,
        dispatch,
        servers::{self, Server},
        workers,
    },
};

/// A due post that waits longer than this means that publishing is stuck, in seconds.
const STUCK_AFTER_SECS: i64 = 120;

pub async fn look(db: &Db) -> Vec<Check> {
    let mut checks = queue(db).await.unwrap_or_else(|error| vec![Check::failed("publishing", &error)]);
    checks.extend(breakers(db).await.unwrap_or_else(|error| vec![Check::failed("servers", &error)]));
    checks
}

/// Servers of networks that failed lately, or that asked everybody to wait.
async fn breakers(db: &Db) -> Result<Vec<Check>> {
    let name = "servers";
    let now = SystemClock.now();
    let mut tx = db.begin().await?;
    let known = servers::all(&mut tx).await?;
    tx.finish_read();
    let seen = |server: &Server| {
        let what = server.last_failure.as_deref().unwrap_or("no answer");
        if let Some(until) = server.open_until {
            let next = if until > now {
                format!("nothing is sent there before {until}")
            } else {
                "one post tries it next".into()
            };
            return Some(format!("{} failed {} times in a row ({what}); {next}", server.server, server.failures));
        }
        if let Some(until) = server.not_before.filter(|until| *until > now) {
            return Some(format!("{} asked several accounts to wait, until {until}", server.server));
        }
        (server.failures > 0).then(|| format!("{} failed {} times in a row ({what})", server.server, server.failures))
    };
    let troubled: Vec<_> = known.iter().filter_map(seen).collect();
    if troubled.is_empty() {
        return Ok(vec![Check::ok(name, "none fails")]);
    }
    let mend = "Nothing is lost: posts wait, and are tried again by themselves. Look whether the network has trouble.";
    Ok(troubled.into_iter().map(|seen| Check::warning(name, seen, mend)).collect())
}

async fn queue(db: &Db) -> Result<Vec<Check>> {
    let now = SystemClock.now();
    let mut tx = db.begin().await?;
    let alive = workers::alive(&mut tx, now.plus_secs(-SILENT_AFTER_SECS)).await?;
    let warning = presence::warning(&mut tx, now).await?;
    let queue = dispatch::health(&mut tx, now).await?;
    let next = dispatch::next_at(&mut tx).await?;
    tx.finish_read();
    let kinds = alive.iter().map(|worker| worker.kind.as_str()).collect::<Vec<_>>().join(", ");
    let workers = match warning {
        None => Check::ok("publisher", format!("running: {kinds}")),
        Some(_) if alive.is_empty() => Check::warning(
            "publisher",
            "nothing is running that would publish",
            "`allin service install` keeps a worker running; `allin serve` or an open MCP client does, too.",
        ),
        Some(_) => Check::warning(
            "publisher",
            format!("running: {kinds}; posts go out while that stays open"),
            "To publish with the client closed: `allin service install`, or keep `allin serve` running.",
        ),
    };
    let waiting = queue.oldest_due.map_or(0, |due| now.millis_since(due) / 1000);
    let said = match (queue.overdue, next) {
        (0, None) => "empty".to_owned(),
        (0, Some(next)) => format!("nothing overdue; the next is due at {next}"),
        (overdue, _) => format!("{overdue} overdue, the oldest for {waiting} s; {} under way", queue.leased),
    };
    let queue = match (waiting > STUCK_AFTER_SECS, alive.is_empty()) {
        (false, _) => Check::ok("queue", said),
        (true, true) => Check::problem(
            "queue",
            said,
            "Start `allin serve`. What is later than its account's tolerance is held then, not sent.",
        ),
        (true, false) => {
            Check::problem("queue", said, "A publisher runs and does not get on: its log (ALLIN_LOG=info) says why.")
        }
    };
    Ok(vec![workers, queue])
}
