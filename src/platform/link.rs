//! How to reach the running server: its address, the roles and their passwords, and the note that lets the next
//! process connect without looking around.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::{
    ConnectOptions, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::{
    home::{Home, replace_file},
    os,
    place::Place,
    server::{Running, SOCKET_PORT},
};
use crate::error::{Error, Result, Retry};

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// The roles of the private cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// For set-up, backup and tests only.
    Superuser,
    /// Owns the databases and everything in them; runs migrations.
    Owner,
    /// What the application connects as: owns nothing, row-level security holds for it.
    App,
    /// Beside what the application may do, writes what only a proven person decides.
    Decider,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Superuser, Self::Owner, Self::App, Self::Decider];

    pub fn name(self) -> &'static str {
        match self {
            Self::Superuser => "postgres",
            Self::Owner => "allin_owner",
            Self::App => "allin_app",
            Self::Decider => "allin_decider",
        }
    }

    /// Its password's name among the home's secrets.
    pub(super) fn secret(self) -> &'static str {
        match self {
            Self::Superuser => "pg_superuser",
            Self::Owner => "pg_owner",
            Self::App => "pg_app",
            Self::Decider => "pg_decider",
        }
    }
}

/// One password per role.
#[derive(Clone)]
pub(super) struct Passwords {
    superuser: SecretString,
    owner: SecretString,
    app: SecretString,
    decider: SecretString,
}

impl Passwords {
    /// `None` unless all exist.
    pub(super) fn read(home: &Home) -> Result<Option<Self>> {
        let [superuser, owner, app, decider] = Role::ALL.map(|role| home.secret(role.secret()));
        Ok(match (superuser?, owner?, app?, decider?) {
            (Some(superuser), Some(owner), Some(app), Some(decider)) => Some(Self { superuser, owner, app, decider }),
            _ => None,
        })
    }

    /// [`Self::read`] for a server that is there already. A home of an AllIN that knew fewer roles lacks their passwords.
    pub(super) fn read_or_add(home: &Home) -> Result<Option<Self>> {
        match home.secret(Role::Superuser.secret())? {
            Some(_) => Self::read_or_create(home).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn read_or_create(home: &Home) -> Result<Self> {
        let [superuser, owner, app, decider] = Role::ALL.map(|role| home.secret_or_create(role.secret()));
        Ok(Self { superuser: superuser?, owner: owner?, app: app?, decider: decider? })
    }

    pub(super) fn of(&self, role: Role) -> &SecretString {
        match role {
            Role::Superuser => &self.superuser,
            Role::Owner => &self.owner,
            Role::App => &self.app,
            Role::Decider => &self.decider,
        }
    }
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// The folder of the socket file, and the number in its name.
    Socket { folder: PathBuf, port: u16 },
    /// A port on 127.0.0.1, where there are no sockets.
    Loopback { port: u16 },
}

impl Endpoint {
    /// For a server about to start; where the previous one was, if that is still free, so that its users find it again.
    pub(super) fn choose(place: &Place, previous: Option<&Self>, runtime: Option<&Path>) -> Result<Self> {
        if !os::HAS_SOCKETS {
            return Ok(Self::Loopback { port: os::free_port(previous.map(Self::port))? });
        }
        let folder = os::socket_folder(&place.socket(), previous.and_then(Self::folder), runtime, place.account)?;
        Ok(Self::Socket { folder, port: SOCKET_PORT })
    }

    /// Of a server that runs.
    pub(super) fn of(running: &Running) -> Self {
        match &running.socket_folder {
            Some(folder) => Self::Socket { folder: folder.clone(), port: running.port },
            None => Self::Loopback { port: running.port },
        }
    }

    /// Beside the real server's, in the same folder.
    pub(super) fn for_trial(self) -> Self {
        match self {
            Self::Socket { folder, port } => Self::Socket { folder, port: port + 1 },
            Self::Loopback { port } => Self::Loopback { port },
        }
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Socket { folder, .. } => Some(folder),
            Self::Loopback { .. } => None,
        }
    }

    /// The number in the socket's name, or the port.
    pub fn port(&self) -> u16 {
        match self {
            Self::Socket { port, .. } | Self::Loopback { port } => *port,
        }
    }

    pub(super) fn server_settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Socket { folder, port } => {
                // The setting is a list: quotes keep a comma or blank in the path from splitting it.
                let quoted = format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""));
                vec![
                    ("listen_addresses", String::new()),
                    ("unix_socket_directories", quoted),
                    ("port", port.to_string()),
                ]
            }
            Self::Loopback { port } => {
                vec![
                    ("listen_addresses", "127.0.0.1".into()),
                    ("unix_socket_directories", String::new()),
                    ("port", port.to_string()),
                ]
            }
        }
    }

    /// The files a server keeps there.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Socket { folder, port } => {
                ["", ".lock"].map(|end| folder.join(format!(".s.PGSQL.{port}{end}"))).into_iter().collect()
            }
            Self::Loopback { .. } => Vec::new(),
        }
    }

    /// Removes a short folder outside the home once its server is gone; one with another server's socket stays.
    pub(super) fn forget(&self, place: &Place) {
        if let Some(folder) = self.folder().filter(|folder| *folder != place.socket()) {
            for file in self.files() {
                let _ = std::fs::remove_file(file);
            }
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// What a running server told about itself, in `run/server.json`; written once everything in it is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) endpoint: Endpoint,
    pub(super) bindir: PathBuf,
    /// As the server spells it, for example `18.4`.
    pub(super) version: String,
    /// Made by `initdb`, the same for the life of the data.
    pub(super) system_identifier: String,
    pub(super) durable: bool,
}

impl Facts {
    fn path(home: &Home) -> PathBuf {
        home.run().join("server.json")
    }

    pub(super) fn read(home: &Home) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(Self::path(home)).ok()?).ok()
    }

    pub(super) fn write(&self, home: &Home) -> Result<()> {
        replace_file(&Self::path(home), &serde_json::to_vec_pretty(self).map_err(Error::internal)?)
    }

    pub(super) fn remove(home: &Home) {
        let _ = std::fs::remove_file(Self::path(home));
    }
}

pub(super) fn options(endpoint: &Endpoint, role: Role, password: &SecretString, database: &str) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass()
        .username(role.name())
        .password(password.expose_secret())
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("allin");
    match endpoint {
        Endpoint::Socket { folder, port } => options.socket(folder).port(*port),
        Endpoint::Loopback { port } => options.host("127.0.0.1").port(*port),
    }
}

/// One connection for set-up; its statements are not logged, some carry passwords.
pub(super) async fn connect(
    endpoint: &Endpoint,
    role: Role,
    password: &SecretString,
    database: &str,
) -> Result<PgConnection> {
    let options = options(endpoint, role, password, database).disable_statement_logging();
    match tokio::time::timeout(CONNECT_PATIENCE, options.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(refused(endpoint, role, error)),
        Err(elapsed) => Err(unreachable(endpoint).because(elapsed)),
    }
}

fn refused(endpoint: &Endpoint, role: Role, error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) => match database.code().as_deref() {
            // Wrong password; no such role; no such database. `bring_up` mends these as the superuser.
            Some("28P01" | "28000" | "3D000") => Error::operator(
                "pg_password_refused",
                format!("PostgreSQL refuses the role {}: {}", role.name(), database.message()),
            )
            .next("Put the home's secrets folder back from a backup."),
            Some("53300") => Error::unavailable("pg_full", "All connections of the private PostgreSQL are taken.")
                .next("End some AllIN processes, or raise max_connections in the data folder's postgresql.conf."),
            _ => Error::unavailable(
                "pg_not_ready",
                format!("PostgreSQL does not take connections yet: {}", database.message()),
            ),
        },
        _ => unreachable(endpoint),
    }
    .because(error)
}

fn unreachable(endpoint: &Endpoint) -> Error {
    let place = match endpoint {
        Endpoint::Socket { folder, .. } => folder.display().to_string(),
        Endpoint::Loopback { port } => format!("127.0.0.1:{port}"),
    };
    Error::operator("pg_unreachable", format!("PostgreSQL runs, but does not answer at {place}."))
        .next("Run `allin db stop` and start again. If it comes back, set ALLIN_HOME to a path shorter than 80 bytes.")
        .retry(Retry::Safe)
}
