//! What the doctor sees without the database: the home folder, the settings, the clock, and who answers outside.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use super::Check;
use crate::{
    cli::{background, db},
    clock::{Clock as _, SystemClock, Timestamp},
    config::Config,
    model::times,
    platform,
};

/// A cluster needs 150 MB when it is made, and a little more with every post.
const SPACE_LEAST: u64 = 200_000_000;
const SPACE_AMPLE: u64 = 1_000_000_000;

const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

pub async fn look(config: &Config) -> Vec<Check> {
    let mut checks = vec![home(config)];
    checks.extend(permissions(config));
    checks.push(space(config));
    checks.extend(settings(config));
    checks.push(time_zone(config));
    checks.push(clock(config));
    checks.push(media(config));
    checks
}

pub async fn look_outside(config: &Config) -> Vec<Check> {
    let mut checks = vec![background_worker(config).await, practice_network(config).await];
    for origin in &config.allow_origins {
        let origin = origin.to_string();
        checks.push(match answers(&origin).await {
            true => Check::ok("allowed_origin", format!("{origin} answers")),
            false => Check::warning(
                "allowed_origin",
                format!("{origin} does not answer"),
                "Start that server, or take it out of ALLIN_ALLOW_ORIGINS.",
            ),
        });
    }
    checks
}

/// Whether something accepts connections there, by name or number.
pub(super) async fn answers(host_and_port: &str) -> bool {
    matches!(tokio::time::timeout(CONNECT_PATIENCE, tokio::net::TcpStream::connect(host_and_port)).await, Ok(Ok(_)))
}

/// Not having one is fine: a client or `allin serve` may be what publishes.
async fn background_worker(config: &Config) -> Check {
    let name = "service";
    match background::state(config).await {
        Err(error) => Check::ok(name, format!("cannot be installed here: {}", error.message())),
        Ok(state) => match (state.installed, state.running) {
            (false, _) => {
                Check::ok(name, "not installed; `allin service install` keeps AllIN running in the background")
            }
            (true, true) => Check::ok(name, "installed and running"),
            (true, false) => Check::warning(
                name,
                "installed, and not running",
                format!("`allin service install` starts it anew. What it logged: {}", state.logs),
            ),
        },
    }
}

fn home(config: &Config) -> Check {
    let root = config.home.root();
    match std::fs::metadata(root) {
        Ok(found) if !found.is_dir() => Check::problem(
            "home",
            format!("{} is a file, not a folder", root.display()),
            "Move that file away, or set ALLIN_HOME to a folder.",
        ),
        Ok(_) => match std::fs::read_dir(root) {
            Ok(_) => Check::ok("home", root.display().to_string()),
            Err(error) => Check::problem(
                "home",
                format!("{} cannot be read: {error}", root.display()),
                "Run AllIN as the folder's owner, or set ALLIN_HOME to another one.",
            ),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Check::warning(
            "home",
            format!("{} does not exist yet", root.display()),
            "`allin setup` makes it, and so does the first start. If you have one already, set ALLIN_HOME to it.",
        ),
        Err(error) => Check::problem(
            "home",
            format!("{} cannot be reached: {error}", root.display()),
            "Check the folder above it, or set ALLIN_HOME to another one.",
        ),
    }
}

/// Nothing is said of a home that does not exist.
fn permissions(config: &Config) -> Option<Check> {
    let root = config.home.root();
    let secrets = config.home.secrets();
    if !root.is_dir() {
        return None;
    }
    let inside = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let ours = [root.to_owned(), config.home.run(), secrets.clone(), config.home.logs()];
    for path in ours.iter().cloned().chain(inside(&secrets)) {
        if let Some(uid) = platform::foreign_owner(&path) {
            let mend = "Run AllIN as that user, or give it the folder: chown -R. It happens when AllIN ran as root or with sudo once.";
            return Some(Check::problem("permissions", format!("{} belongs to user {uid}", path.display()), mend));
        }
    }
    let open =
        inside(&secrets).into_iter().chain([secrets.clone()]).find(|path| platform::open_to_others(path) == Some(true));
    if let Some(path) = open {
        let mend = format!(
            "chmod go-rwx '{}'. If others use this machine, treat what was in it as known to them.",
            path.display()
        );
        return Some(Check::problem("permissions", format!("others can read {}", path.display()), mend));
    }
    let writable = tempfile::tempfile_in(if config.home.run().is_dir() { config.home.run() } else { root.to_owned() });
    Some(match writable {
        Ok(_) => Check::ok("permissions", "ours to write, and the secrets are closed to others"),
        Err(error) => Check::problem(
            "permissions",
            format!("{} cannot be written: {error}", root.display()),
            "Give this user the folder, or set ALLIN_HOME to one it owns.",
        ),
    })
}

fn space(config: &Config) -> Check {
    let data = config.home.cluster();
    let existing = data.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    match platform::free_bytes(existing) {
        None => Check::ok("disk_space", "not told by this system"),
        Some(free) if free < SPACE_LEAST => Check::problem(
            "disk_space",
            format!("{} free", db::size(free)),
            "Free some space: below 200 MB the database stops working.",
        ),
        Some(free) if free < SPACE_AMPLE => {
            Check::warning("disk_space", format!("{} free", db::size(free)), "Free some space soon.")
        }
        Some(free) => Check::ok("disk_space", format!("{} free", db::size(free))),
    }
}

/// That each can be read is known by now: the program does not come here otherwise.
fn settings(config: &Config) -> Vec<Check> {
    let mut odd = Vec::new();
    let mut warn = |seen: &str, mend: &str| odd.push(Check::warning("settings", seen, mend));
    if config.owner_database_url.is_some() && config.database_url.is_none() {
        warn(
            "ALLIN_OWNER_DATABASE_URL is set, and DATABASE_URL is not: the private database is used",
            "Set both or none.",
        );
    }
    if config.cluster.bindir.is_some() && config.database_url.is_some() {
        warn(
            "ALLIN_PG_BINDIR has no effect on a server of your own, but for backups",
            "Unset it if it was not meant for backups.",
        );
    }
    if config.workspace.is_some() != config.member.is_some() {
        warn(
            "only one of ALLIN_WORKSPACE and ALLIN_MEMBER is set",
            "Set both; `allin workspace list` shows what belongs together.",
        );
    }
    if !config.cluster.durable {
        warn("ALLIN_PG_DURABLE=0: a power cut can destroy the database", "Unset it, except in tests.");
    }
    if config.public_url.as_ref().is_some_and(|url| url.scheme() != "https") {
        warn("ALLIN_PUBLIC_URL is not https", "Write it as people's browsers reach it, with https.");
    }
    if odd.is_empty() {
        odd.push(Check::ok("settings", "all can be read, and none contradicts another"));
    }
    odd
}

fn time_zone(config: &Config) -> Check {
    match times::zone(&config.time_zone) {
        Ok(zone) => Check::ok(
            "time_zone",
            format!(
                "{}, where it is {} now",
                config.time_zone,
                SystemClock.now().in_zone(&zone).strftime("%Y-%m-%d %H:%M")
            ),
        ),
        Err(error) => Check::failed("time_zone", &error),
    }
}

fn clock(config: &Config) -> Check {
    let mend = "Set the machine's clock, best by its time service: posts go out by it.";
    let now = SystemClock.now();
    if now.in_zone(&jiff::tz::TimeZone::UTC).year() < 2026 {
        return Check::problem("clock", format!("the machine says it is {now}"), mend);
    }
    let written = [config.home.run(), config.home.logs(), config.home.secrets()]
        .iter()
        .filter_map(|folder| modified(folder))
        .max();
    match written {
        Some(written) if written.millis_since(now) > 60_000 => Check::problem(
            "clock",
            format!("the machine says it is {now}, but the home was written at {written}: the clock went back"),
            mend,
        ),
        _ => Check::ok("clock", now.in_zone(&jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
    }
}

fn modified(folder: &Path) -> Option<Timestamp> {
    let since = std::fs::metadata(folder).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_micros(i64::try_from(since.as_micros()).ok()?).ok()
}

fn media(config: &Config) -> Check {
    let own = config.home.media();
    let (mut usable, mut bad) = (Vec::new(), Vec::new());
    for folder in &config.media_dirs {
        match std::fs::read_dir(folder) {
            Ok(_) => usable.push(folder.display().to_string()),
            Err(error) if *folder == own && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => bad.push(format!("{}: {error}", folder.display())),
        }
    }
    match (bad.is_empty(), usable.is_empty()) {
        (false, _) => Check::warning(
            "media",
            format!("cannot be read: {}", bad.join("; ")),
            "Correct ALLIN_MEDIA_DIRS, or make the folders readable.",
        ),
        (true, true) => Check::ok(
            "media",
            format!("no folder yet; clients here may name images below {} once it exists", own.display()),
        ),
        (true, false) => Check::ok("media", format!("clients here may name images below {}", usable.join(", "))),
    }
}

async fn practice_network(config: &Config) -> Check {
    let place = config.home.root().join("sandbox").join("place.json");
    let Ok(text) = std::fs::read_to_string(&place) else {
        return Check::ok("practice_network", "none; `allin demo` makes one");
    };
    let port = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|place| place.get("port")?.as_u64());
    match port.and_then(|port| u16::try_from(port).ok()) {
        None => Check::problem(
            "practice_network",
            format!("{} cannot be read", place.display()),
            "Delete the home's sandbox folder; `allin demo` makes a new one.",
        ),
        Some(port) => {
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            if answers(&address.to_string()).await {
                Check::ok("practice_network", format!("serving at http://{address}"))
            } else {
                Check::ok(
                    "practice_network",
                    "not running now; it runs with `allin serve`, a connected client or `allin simulate`",
                )
            }
        }
    }
}
