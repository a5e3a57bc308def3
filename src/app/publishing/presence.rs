//! Whether anything is running that will publish, and how to say so.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    store::{
        installation,
        workers::{self, Worker},
    },
};

/// A worker that was not seen for this long counts as gone, in seconds; it reports every 5.
pub const SILENT_AFTER_SECS: i64 = 20;
/// The fact of the installation that says that a background service was installed.
pub const BACKGROUND: &str = "background";

/// Said with every scheduling when nothing is sure to be running at the due time.
pub async fn warning(db: &mut PgConnection, now: Timestamp) -> Result<Option<String>> {
    let alive = workers::alive(db, now.plus_secs(-SILENT_AFTER_SECS)).await?;
    if stays(&alive) {
        return Ok(None);
    }
    let installed = installation::get(db, BACKGROUND).await?.is_some_and(|value| !value.is_null());
    Ok(Some(words(!alive.is_empty(), installed).to_owned()))
}

/// Something runs that no client's end stops.
pub fn stays(alive: &[Worker]) -> bool {
    alive.iter().any(|worker| matches!(worker.kind.as_str(), "serve" | "service"))
}

/// What to say when nothing of that kind runs.
fn words(client_open: bool, installed: bool) -> &'static str {
    match (client_open, installed) {
        (true, false) => {
            "It goes out while this client stays open. To publish with the client closed: `allin service install` keeps a \
             worker running, or keep `allin serve` running."
        }
        (true, true) => {
            "It goes out while this client stays open. The background service is installed and not running: `allin service \
             status` says more, `allin service install` starts it anew."
        }
        (false, false) => {
            "Nothing is running that would publish this. `allin service install` keeps a worker running; `allin serve` or an \
             open MCP client does, too."
        }
        (false, true) => {
            "Nothing is running that would publish this: the background service is installed and not running. `allin service \
             status` says more, `allin service install` starts it anew."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_outlives_the_client_is_sure() {
        let of = |kinds: &[&str]| -> Vec<Worker> {
            let seen_at = "2026-12-01T08:00:00Z".parse().unwrap();
            kinds.iter().map(|kind| Worker { kind: (*kind).into(), seen_at }).collect()
        };
        assert!(stays(&of(&["stdio", "service"])) && stays(&of(&["serve"])));
        assert!(!stays(&of(&["stdio", "stdio"])) && !stays(&[]));
        for (open, installed) in [(false, false), (false, true), (true, false), (true, true)] {
            assert!(words(open, installed).contains("`allin service install`"));
        }
    }
}
