//! The only wiring: from a [`Config`] to a running [`App`].

mod model;
mod practice;

use std::{path::Path, sync::Arc, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        App, Settings,
        workspaces::{
            create::{self, Owned},
            restored,
        },
    },
    clients::{
        http::{self, Http},
        llm::Llm,
        networks::registry::Networks,
    },
    clock::SystemClock,
    config::Config,
    documents::Parser,
    error::{Error, Result},
    ids::RandomIds,
    platform::{self, Cluster, Role},
    store::{db::Db, installation, migrate},
    vault::Vault,
};

pub use self::model::embedder;

/// A started installation.
pub struct Booted {
    pub app: Arc<App>,
    pub config: Config,
    /// Whose home this is.
    pub home_owner: Owned,
    /// `None` when `DATABASE_URL` names a server that is not ours.
    pub cluster: Option<Arc<Cluster>>,
    stop: CancellationToken,
    watch: Option<tokio::task::JoinHandle<()>>,
}

/// What this process does with the practice network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxUse {
    /// Runs it when the home has one.
    Serve,
    /// Makes one when the home has none, and runs it.
    Create,
    /// Only calls it.
    Call,
}

pub async fn boot(config: Config, sandbox_use: SandboxUse) -> Result<Booted> {
    http::install_tls_provider();
    config.home.create()?;
    let (cluster, options) = database(&config).await?;
    match start(config, cluster, options, sandbox_use).await {
        Ok(booted) => Ok(booted),
        Err((error, cluster)) => {
            if let Some(cluster) = cluster {
                _ = cluster.leave().await;
            }
            Err(error)
        }
    }
}

type Failed = (Error, Option<Cluster>);

async fn start(
    config: Config,
    cluster: Option<Cluster>,
    options: PgConnectOptions,
    sandbox_use: SandboxUse,
) -> std::result::Result<Booted, Failed> {
    let stop = CancellationToken::new();
    let made = async {
        let db = Db::connect(options, config.pool_size).await?;
        bring_up_to_date(&config, cluster.as_ref(), &db).await?;
        let vault = vault(&config, &db).await?;
        let http = Http::answered_within(config.allow_origins.iter().cloned(), config.send.answer_within)?;
        let clock = Arc::new(SystemClock);
        let networks = Networks::new(&http, clock.clone(), practice::network(&config, sandbox_use, &stop).await?);
        let settings = Settings {
            media_dirs: config.media_dirs.clone(),
            asset_bytes_max: config.asset_bytes_max,
            send: config.send,
            connections: config.connections,
            mail: config.mail.clone(),
            llm: config.llm.clone().map(|at| Llm::new(&http, at)),
            embedder: embedder(&config, &http),
            parser: Parser::new(std::env::current_exe().map_err(Error::internal)?),
            audit_heads: Some(config.home.logs().join("audit-heads.jsonl")),
            unaudited: false,
        };
        let app = App::new(db, clock, Arc::new(RandomIds), vault, networks, http, settings);
        let app = Arc::new(match decider_options(&config, cluster.as_ref())? {
            Some(decider) => app.deciding(decider),
            None => app,
        });
        restored::check(&app).await?;
        let home_owner = home_owner(&config, &app).await?;
        Ok::<_, Error>((app, home_owner))
    };
    match made.await {
        Ok((app, home_owner)) => {
            let cluster = cluster.map(Arc::new);
            let watch = cluster.clone().map(|cluster| tokio::spawn(watch(cluster, Arc::clone(&app), stop.clone())));
            Ok(Booted { app, config, home_owner, cluster, stop, watch })
        }
        Err(error) => {
            stop.cancel();
            Err((error, cluster))
        }
    }
}

impl Booted {
    /// Closes the connections and leaves the private server, stopping it when nobody else uses it.
    pub async fn close(self) -> Result<()> {
        self.stop.cancel();
        if let Some(watch) = self.watch {
            _ = watch.await;
        }
        self.app.close().await;
        match self.cluster.and_then(Arc::into_inner) {
            Some(cluster) => cluster.leave().await,
            None => Ok(()),
        }
    }
}

/// How often the private server is looked at.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Starts the private server again when it died under us.
async fn watch(cluster: Arc<Cluster>, app: Arc<App>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(WATCH_EVERY) => {}
            () = stop.cancelled() => return,
        }
        if app.db.ping().await.is_ok() {
            continue;
        }
        match cluster.revive().await {
            Ok(()) => tracing::info!("the private database was looked after"),
            Err(error) => tracing::error!(error = error.chain(), "the private database cannot be started again"),
        }
    }
}

/// The application's way to the database.
pub async fn database(config: &Config) -> Result<(Option<Cluster>, PgConnectOptions)> {
    match &config.database_url {
        Some(url) => Ok((None, parse_url("DATABASE_URL", url)?)),
        None => {
            let cluster = platform::start(&config.home, &config.cluster).await?;
            let options = cluster.connect_options(Role::App);
            Ok((Some(cluster), options))
        }
    }
}

/// The owner's way to the database, where there is one.
pub fn owner_options(config: &Config, cluster: Option<&Cluster>) -> Result<Option<PgConnectOptions>> {
    match (cluster, &config.owner_database_url) {
        (Some(cluster), _) => Ok(Some(cluster.connect_options(Role::Owner))),
        (None, Some(url)) => parse_url("ALLIN_OWNER_DATABASE_URL", url).map(Some),
        (None, None) => Ok(None),
    }
}

/// The way for decisions, where there is one.
fn decider_options(config: &Config, cluster: Option<&Cluster>) -> Result<Option<PgConnectOptions>> {
    match (cluster, &config.decider_database_url) {
        (Some(cluster), _) => Ok(Some(cluster.connect_options(Role::Decider))),
        (None, Some(url)) => parse_url("ALLIN_DECIDER_DATABASE_URL", url).map(Some),
        (None, None) => Ok(None),
    }
}

fn parse_url(name: &'static str, url: &SecretString) -> Result<PgConnectOptions> {
    url.expose_secret().parse().map_err(|error: sqlx::Error| {
        Error::operator("setting_invalid", format!("{name} is no PostgreSQL address."))
            .next("Write it as postgres://allin_app:password@host/database.")
            .because(error)
    })
}

/// Migrates when the database is older than this program, and refuses to go on when it cannot.
async fn bring_up_to_date(config: &Config, cluster: Option<&Cluster>, db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    let present = installation::schema_version(&mut tx).await?;
    tx.finish_read();
    match migrate::needed(present)? {
        false => Ok(()),
        true => match owner_options(config, cluster)? {
            Some(owner) => migrate::run(&owner).await,
            None => {
                Err(Error::operator("database_too_old", "The database lacks tables that this version of AllIN needs.")
                    .next("Run `allin db migrate` with ALLIN_OWNER_DATABASE_URL set to the owner's connection."))
            }
        },
    }
}

/// The keys of this installation. They are in the home folder and nowhere else.
async fn vault(config: &Config, db: &Db) -> Result<Vault> {
    let master = key(&config.home.secret_or_create("master.key")?)?;
    let audit = key(&config.home.secret_or_create("audit.key")?)?;
    let vault = Vault::new(&master, &audit);
    let mut tx = db.begin().await?;
    let check = json!({ "key_id": vault.key_id(), "check": vault.check_value() });
    let known = installation::get_or_put(&mut tx, "master_key", &check).await?;
    if known != check {
        return Err(Error::operator("master_key_wrong", "The master key in the home folder is not the one this database was used with.")
            .next("Put the right secrets/master.key into the home folder (a backup has it, wrapped), or use the home that belongs to this database."));
    }
    tx.commit().await?;
    Ok(vault)
}

/// Any secret text becomes a key; `secret_or_create` makes it of 256 random bits.
fn key(secret: &SecretString) -> Result<[u8; 32]> {
    if secret.expose_secret().len() < 32 {
        return Err(Error::operator("key_damaged", "A key in the home folder is damaged.")
            .next("Restore the home's secrets folder from a backup."));
    }
    Ok(crate::vault::sha256(secret.expose_secret().as_bytes()))
}

/// The workspace that the command line and stdio act in; made at the first start.
async fn home_owner(config: &Config, app: &App) -> Result<Owned> {
    let path = config.home.root().join("home.json");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return serde_json::from_str(&text).map_err(|error| {
            Error::operator("home_damaged", "home.json in the home folder cannot be read.")
                .next("Restore it from a backup, or set ALLIN_WORKSPACE and ALLIN_MEMBER.")
                .because(error)
        });
    }
    // Several processes may start on a new home at once: one makes the workspace, the others find it.
    let mut tx = app.db.begin().await?;
    installation::lock_home(&mut tx).await?;
    let known = installation::get(&mut tx, "home_owner").await?;
    let owned = match known.map(serde_json::from_value::<Owned>) {
        Some(owned) => owned.map_err(Error::internal)?,
        None => {
            let owned = create::create(app, "My workspace", &config.time_zone, &config.owner, None).await?;
            installation::put(&mut tx, "home_owner", &serde_json::to_value(owned).map_err(Error::internal)?).await?;
            owned
        }
    };
    tx.commit().await?;
    write_whole(&path, &serde_json::to_vec_pretty(&owned).map_err(Error::internal)?)?;
    Ok(owned)
}

/// Lets the command line and stdio act in another workspace of the home's person, from the next start on.
pub fn choose(config: &Config, owned: &Owned) -> Result<()> {
    let text = serde_json::to_vec_pretty(owned).map_err(Error::internal)?;
    write_whole(&config.home.root().join("home.json"), &text)
}

/// Writes all of the file or nothing of it.
pub(crate) fn write_whole(path: &Path, text: &[u8]) -> Result<()> {
    let unwritable = |error: std::io::Error| {
        Error::operator("home_not_writable", "The home folder cannot be written.")
            .next("Check its permissions and free space.")
            .because(error)
    };
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    std::io::Write::write_all(&mut file, text).map_err(unwritable)?;
    file.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(())
}
