//! `allin db`: the database server, its schema, backups.

mod move_data;
mod status;

use std::path::PathBuf;

use clap::Subcommand;

use crate::{
    boot,
    cli::print,
    config::Config,
    error::{Error, Result},
    platform,
    store::{db, installation, migrate, server},
};

#[derive(Subcommand)]
pub enum Db {
    /// Show the database server and what is in it
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Bring the database up to this program's version
    Migrate,
    /// Stop the private database server
    Stop,
    /// Move the private database to a newer PostgreSQL
    Upgrade {
        /// Programs of the old PostgreSQL, if it was not a packaged one
        #[arg(long, value_name = "FOLDER")]
        from_bindir: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write database and keys into one file
    Backup {
        file: PathBuf,
        /// Read the passphrase from the first line of this file instead of asking
        #[arg(long, value_name = "FILE", conflicts_with = "without_keys")]
        passphrase_file: Option<PathBuf>,
        /// Leave out the keys: after a restore all accounts have to be connected again
        #[arg(long)]
        without_keys: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a backup into the home folder; publishing starts paused
    Restore {
        file: PathBuf,
        /// Read the passphrase from the first line of this file instead of asking
        #[arg(long, value_name = "FILE", conflicts_with = "without_keys")]
        passphrase_file: Option<PathBuf>,
        /// Do without the keys in the backup: all accounts have to be connected again
        #[arg(long)]
        without_keys: bool,
        /// Move aside what the home has already
        #[arg(long)]
        replace: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Db {
    pub async fn run(self, config: Config) -> Result<()> {
        match self {
            Self::Status { json } => status::show(&config, json).await,
            Self::Migrate => migrate(&config).await,
            Self::Stop => stop(&config).await,
            Self::Upgrade { from_bindir, json } => move_data::upgrade(&config, from_bindir, json).await,
            Self::Backup { file, passphrase_file, without_keys, json } => {
                let passphrase = if without_keys { None } else { Some(move_data::new_passphrase(passphrase_file)?) };
                move_data::backup(&config, &file, passphrase, json).await
            }
            Self::Restore { file, passphrase_file, without_keys, replace, json } => {
                let how = move_data::Restoring { passphrase_file, without_keys, replace, json };
                move_data::restore(&config, file, how).await
            }
        }
    }
}

async fn stop(config: &Config) -> Result<()> {
    let was_running = platform::stop(&config.home).await?;
    print::line(if was_running { "The private database is stopped." } else { "The private database was not running." });
    Ok(())
}

async fn migrate(config: &Config) -> Result<()> {
    config.home.create()?;
    let cluster = match &config.database_url {
        Some(_) => None,
        None => Some(platform::start(&config.home, &config.cluster).await?),
    };
    let migrated = migrate_as_owner(config, cluster.as_ref()).await;
    let left = match cluster {
        Some(cluster) => cluster.leave().await,
        None => Ok(()),
    };
    print::line(migrated?);
    left
}

async fn migrate_as_owner(config: &Config, cluster: Option<&platform::Cluster>) -> Result<String> {
    let Some(owner) = boot::owner_options(config, cluster)? else {
        return Err(Error::operator(
            "owner_url_missing",
            "DATABASE_URL names your own server, and ALLIN_OWNER_DATABASE_URL is not set.",
        )
        .next(format!(
            "Set it to the connection of the role that owns the database. For a new database a superuser runs:\n{}",
            server::preparation("allin")
        )));
    };
    let mut connection = db::connect_owner(&owner).await?;
    let role = server::role(&mut connection).await?;
    let facts = server::facts(&mut connection).await?;
    let before = installation::schema_version(&mut connection).await?;
    db::close_owner(connection).await;
    refuse_unprepared(&role, &facts)?;
    if !migrate::needed(before)? {
        return Ok(format!("The database is at version {} already, the newest.", migrate::newest()));
    }
    migrate::run(&owner).await?;
    let from = before.map_or_else(|| "empty".to_owned(), |version| format!("at version {version}"));
    Ok(format!("The database was {from}; it is at version {} now.", migrate::newest()))
}

/// What only a superuser can do is said before anything is tried.
fn refuse_unprepared(role: &server::RoleFacts, facts: &server::Facts) -> Result<()> {
    if facts.version_number < 160_000 {
        return Err(Error::operator(
            "server_too_old",
            format!("The server is PostgreSQL {}; 16 is the oldest that works.", facts.version),
        )
        .next("Upgrade the server, or unset DATABASE_URL to use the private one."));
    }
    let mut missing = Vec::new();
    if !role.app_exists {
        missing.push("the role allin_app".to_owned());
    }
    if !role.decider_exists {
        missing.push("the role allin_decider".to_owned());
    }
    if facts.vector.is_none() {
        missing.push("the extension vector".to_owned());
    }
    if !role.may_create {
        missing.push(format!("the right of {} to make tables in the schema public", role.name));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let first = if facts.vector.is_none() && facts.vector_available.is_none() {
        "Install pgvector on the server first. Then a superuser runs what is missing of this:"
    } else {
        "A superuser runs what is missing of this:"
    };
    Err(Error::operator("database_unprepared", format!("The database lacks {}.", missing.join(", ")))
        .next(format!("{first}\n{}", server::preparation(&facts.database))))
}

/// `2.5 GB`, as a person reads it.
pub(super) fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = bytes / (unit / 10);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}
