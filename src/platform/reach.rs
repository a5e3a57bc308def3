//! From a home to a server that answers and is set up: join the one that runs, adopt one whose starter died, or
//! start it. Who may stop it again is decided in `cluster.rs`.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{
    cluster::StartOptions,
    home::Home,
    initdb,
    link::{self, Endpoint, Facts, Passwords, Role},
    lock::{FileLock, Mode},
    place::Place,
    renew, roles,
    runtime::{self, Runtime},
    server::{self, Settings},
};
use crate::error::{Error, Result};

/// Another process may be downloading PostgreSQL under the lock.
const START_PATIENCE: Duration = Duration::from_secs(900);

/// Connects to the server, or brings it up first.
pub(super) async fn reach(home: &Home, options: &StartOptions) -> Result<(Facts, Passwords)> {
    if let Some(joined) = join(home).await? {
        return Ok(joined);
    }
    let _start = lock(home).await?;
    // Perhaps the process that had the lock did the work.
    match join(home).await? {
        Some(joined) => Ok(joined),
        None => bring_up(home, options).await,
    }
}

/// Nobody else starts, stops or installs while it is held.
pub(super) async fn lock(home: &Home) -> Result<FileLock> {
    FileLock::wait(&home.start_lock(), Mode::Exclusive, START_PATIENCE).await
}

/// The quick way: the last starter's note says where the server is, and it answers there.
async fn join(home: &Home) -> Result<Option<(Facts, Passwords)>> {
    let (Some(facts), Some(passwords)) = (Facts::read(home), Passwords::read(home)?) else { return Ok(None) };
    match link::connect(&facts.endpoint, Role::Owner, passwords.of(Role::Owner), roles::DATABASE).await {
        Ok(_) => Ok(Some((facts, passwords))),
        Err(error) if error.code() == "pg_full" => Ok(Some((facts, passwords))),
        Err(error) => {
            tracing::debug!(cause = %error.chain(), "no server to join");
            Ok(None)
        }
    }
}

/// The slow way, under `start.lock`.
async fn bring_up(home: &Home, options: &StartOptions) -> Result<(Facts, Passwords)> {
    let place = Place::prepare(home)?;
    let began = Instant::now();
    while server::find(&place.data()).is_some() && server::wait_ready(&place).await? {
        match adopt(home, &place, options).await {
            Err(error) if passes(&error, began.elapsed()) => tokio::time::sleep(Duration::from_millis(50)).await,
            adopted => return adopted,
        }
    }
    clear_leftovers(&place).await?;
    let runtime = runtime::ensure(home, &place, options.bindir.as_deref(), place.data_major()?).await?;
    let passwords = Passwords::read_or_create(home)?;
    if !place.data().exists() {
        initdb::create(&place, &runtime, passwords.of(Role::Superuser), options.durable).await?;
    }
    let previous = Facts::read(home).map(|facts| facts.endpoint);
    let endpoint = Endpoint::choose(&place, previous.as_ref(), options.runtime_dir.as_deref())?;
    let (bindir, durable) = (runtime.bindir.as_path(), options.durable);
    let settings = Settings { bindir, endpoint: &endpoint, durable, collect_log: true, rules: None };
    match launch_and_settle(home, &place, &settings, &passwords).await {
        Ok(facts) => Ok((facts, passwords)),
        Err(error) => {
            // Nobody is going to use it: leave nothing behind.
            let stopped = server::stop(&place, Some(bindir), false).await;
            endpoint.forget(&place);
            tracing::debug!(?stopped, "gave up a start");
            Err(error)
        }
    }
}

/// A server that was killed is still there for a moment, and one that lost a session to a crash starts anew inside.
fn passes(error: &Error, waited: Duration) -> bool {
    match error.code() {
        "pg_unreachable" => waited < Duration::from_secs(2),
        "pg_not_ready" => waited < Duration::from_secs(60),
        _ => false,
    }
}

async fn launch_and_settle(
    home: &Home,
    place: &Place,
    settings: &Settings<'_>,
    passwords: &Passwords,
) -> Result<Facts> {
    server::launch(place, settings).await?;
    match settle(home, settings.endpoint, settings.bindir, passwords, settings.durable).await {
        Err(error) if error.code() == "pg_password_refused" => {
            renew::superuser_password(place, settings, passwords).await?;
            settle(home, settings.endpoint, settings.bindir, passwords, settings.durable).await
        }
        settled => settled,
    }
}

/// What processes left that were killed while making or trying a cluster. Only under `start.lock`.
async fn clear_leftovers(place: &Place) -> Result<()> {
    for entry in std::fs::read_dir(&place.root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(runtime::TRIAL) {
            let scratch = Place { root: entry.path(), account: place.account };
            server::stop(&scratch, None, true).await?;
        } else if !name.starts_with(initdb::STAGING) {
            continue;
        }
        let path = entry.path();
        // What is still being written there now goes with the next start.
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(path)).await;
        tracing::debug!(%name, ?removed, "removed what a killed process left");
    }
    Ok(())
}

/// A server runs whose starter died, or whose note is gone.
async fn adopt(home: &Home, place: &Place, options: &StartOptions) -> Result<(Facts, Passwords)> {
    let running = server::find(&place.data())
        .ok_or_else(|| Error::unavailable("pg_not_started", "PostgreSQL ended while it was being joined."))?;
    let passwords = Passwords::read_or_add(home)?.ok_or_else(|| {
        Error::operator("pg_secrets_missing", "PostgreSQL runs, but the files with its passwords are gone.").next(
            "Put the home's secrets folder back; or run `allin db stop` and start again: new passwords are made then.",
        )
    })?;
    let previous = Facts::read(home);
    let bindir = match &previous {
        Some(facts) => facts.bindir.clone(),
        None => {
            let Runtime { bindir, .. } =
                runtime::ensure(home, place, options.bindir.as_deref(), place.data_major()?).await?;
            bindir
        }
    };
    let durable = previous.is_none_or(|facts| facts.durable);
    let facts = settle(home, &Endpoint::of(&running), &bindir, &passwords, durable).await?;
    Ok((facts, passwords))
}

/// Sees to it that roles and database exist, then leaves the note for others.
async fn settle(
    home: &Home,
    endpoint: &Endpoint,
    bindir: &Path,
    passwords: &Passwords,
    durable: bool,
) -> Result<Facts> {
    let mut found = match roles::check(endpoint, passwords).await {
        Err(error) if error.code() != "pg_password_refused" => return Err(error),
        found => found.ok().flatten(),
    };
    if found.is_none() {
        prepare(endpoint, passwords).await?;
        found = roles::check(endpoint, passwords).await?;
    }
    let identity = found.ok_or_else(|| Error::internal("the extension is missing right after it was made"))?;
    let facts = Facts {
        endpoint: endpoint.clone(),
        bindir: bindir.to_owned(),
        version: identity.version,
        system_identifier: identity.system_identifier,
        durable,
    };
    facts.write(home)?;
    Ok(facts)
}

async fn prepare(endpoint: &Endpoint, passwords: &Passwords) -> Result<()> {
    for _ in 0..20 {
        match roles::prepare(endpoint, passwords).await {
            Err(error) if matches!(error.code(), "pg_setup_raced" | "pg_database_exists") => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => return other,
        }
    }
    roles::prepare(endpoint, passwords).await
}
