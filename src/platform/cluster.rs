//! Using the private cluster: join the server that runs, or start it; stop it when the last user leaves.
//!
//! Two locks decide. Every user holds `run/users.lock` shared, for as long as it may connect. Whoever starts or stops
//! the server holds `run/start.lock`; stopping also needs `users.lock` alone, which proves that nobody is left and
//! keeps newcomers waiting until the server is gone. The kernel frees both when a process dies, however it dies.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use super::{
    home::Home,
    link::{self, Endpoint, Facts, Passwords, Role},
    lock::{FileLock, Mode},
    place::Place,
    reach::reach,
    roles, server,
};
use crate::error::{Error, Result};

/// A stopping server keeps the lock that long at most.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// What the caller read from the configuration.
#[derive(Debug, Clone)]
pub struct StartOptions {
    /// `ALLIN_PG_BINDIR`: programs to use instead of the packaged ones.
    pub bindir: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`: takes the socket when the home's path is too long for one.
    pub runtime_dir: Option<PathBuf>,
    /// `false` trades safety against power loss for speed; for tests.
    pub durable: bool,
}

impl Default for StartOptions {
    fn default() -> Self {
        Self { bindir: None, runtime_dir: None, durable: true }
    }
}

/// A place among the users of the running server. Dropping it gives the place up but leaves the server running for
/// the next process; `leave` also stops the server when nobody else uses it.
pub struct Cluster {
    pub(super) home: Home,
    pub(super) facts: Facts,
    pub(super) passwords: Passwords,
    pub(super) options: StartOptions,
    pub(super) users: FileLock,
}

/// Joins the home's server, starting and setting it up as needed.
pub async fn start(home: &Home, options: &StartOptions) -> Result<Cluster> {
    home.create()?;
    let users = FileLock::wait(&home.users_lock(), Mode::Shared, STOP_PATIENCE).await?;
    let (facts, passwords) = reach(home, options).await?;
    if options.durable && !facts.durable {
        tracing::warn!("joined a PostgreSQL that was started without protection against power loss (a test's)");
    }
    Ok(Cluster { home: home.clone(), facts, passwords, options: options.clone(), users })
}

impl Cluster {
    /// How to connect to the installation's database.
    pub fn connect_options(&self, role: Role) -> PgConnectOptions {
        self.connect_options_to(role, roles::DATABASE)
    }

    pub fn connect_options_to(&self, role: Role, database: &str) -> PgConnectOptions {
        link::options(&self.facts.endpoint, role, self.passwords.of(role), database)
    }

    /// What `pg_dump` and its kin take from their environment to connect to the installation's database.
    pub fn tool_environment(&self, role: Role) -> Vec<(&'static str, SecretString)> {
        let host = match &self.facts.endpoint {
            Endpoint::Socket { folder, .. } => folder.to_string_lossy().into_owned(),
            Endpoint::Loopback { .. } => "127.0.0.1".to_owned(),
        };
        vec![
            ("PGHOST", SecretString::from(host)),
            ("PGPORT", SecretString::from(self.facts.endpoint.port().to_string())),
            ("PGUSER", SecretString::from(role.name())),
            ("PGPASSWORD", SecretString::from(self.passwords.of(role).expose_secret())),
            ("PGDATABASE", SecretString::from(roles::DATABASE)),
        ]
    }

    pub fn password(&self, role: Role) -> &SecretString {
        self.passwords.of(role)
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.facts.endpoint
    }

    /// The folder of `pg_dump`, `pg_restore` and the rest, of the server's version.
    pub fn bindir(&self) -> &Path {
        &self.facts.bindir
    }

    /// For example `18.4`.
    pub fn version(&self) -> &str {
        &self.facts.version
    }

    /// Tells this cluster from every other; a copy of the data folder has the same.
    pub fn system_identifier(&self) -> &str {
        &self.facts.system_identifier
    }

    /// A database with the extension, owned by the owner role; a copy of `template` if given, which nobody may be
    /// connected to. Errors: `pg_database_exists`, `pg_database_name`.
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> Result<()> {
        roles::create_database(&self.facts.endpoint, &self.passwords, name, template).await
    }

    /// Ends its sessions, too.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        roles::drop_database(&self.facts.endpoint, &self.passwords, name).await
    }

    /// Starts the server again if it died under its users; costs one connection when it did not. Pools that were open
    /// connect again by themselves.
    pub async fn revive(&self) -> Result<()> {
        let (facts, _) = reach(&self.home, &self.options).await?;
        if facts.endpoint == self.facts.endpoint {
            return Ok(());
        }
        Err(Error::operator("pg_moved", "PostgreSQL had to be started again under another address.")
            .next("Start AllIN again."))
    }

    /// Gives up the place among the users; the last one stops the server. Close all connections first.
    pub async fn leave(self) -> Result<()> {
        let home = self.home.clone();
        drop(self);
        match stop_if_unused(&home, Duration::from_secs(10)).await {
            // Somebody is starting right now: the server is theirs.
            Err(error) if error.code() == "pg_busy" => Ok(()),
            other => other.map(drop),
        }
    }
}

/// Stops the server, for `allin db stop`. Refuses while other processes use it. `false`: none was running.
pub async fn stop(home: &Home) -> Result<bool> {
    if Place::find(home)?.is_none_or(|place| server::find(&place.data()).is_none()) {
        return Ok(false);
    }
    if stop_if_unused(home, STOP_PATIENCE).await? {
        return Ok(true);
    }
    Err(Error::conflict("pg_in_use", "Other AllIN processes use the database.")
        .next("End them first; the last one stops it."))
}

/// `false` when somebody uses it.
async fn stop_if_unused(home: &Home, patience: Duration) -> Result<bool> {
    let _start = FileLock::wait(&home.start_lock(), Mode::Exclusive, patience).await?;
    let Some(_alone) = FileLock::attempt(&home.users_lock(), Mode::Exclusive)? else { return Ok(false) };
    let Some(place) = Place::find(home)? else { return Ok(true) };
    let facts = Facts::read(home);
    server::stop(&place, facts.as_ref().map(|facts| facts.bindir.as_path()), false).await?;
    if let Some(facts) = facts {
        facts.endpoint.forget(&place);
    }
    Facts::remove(home);
    Ok(true)
}

/// Whether some process uses the cluster now.
pub(super) fn in_use(home: &Home) -> Result<bool> {
    // Holding the start lock keeps this short look at the users' lock from confusing one that is about to leave.
    let Some(_start) = FileLock::attempt(&home.start_lock(), Mode::Exclusive)? else { return Ok(true) };
    Ok(FileLock::attempt(&home.users_lock(), Mode::Exclusive)?.is_none())
}
