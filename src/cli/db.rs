//! `allin db`.

use clap::Subcommand;

use crate::{
    boot,
    cli::print,
    config::Config,
    error::{Error, Result},
    platform,
    store::migrate,
};

#[derive(Subcommand)]
pub enum Db {
    /// Show the database server and its state
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Bring the database up to this program's version
    Migrate,
}

impl Db {
    pub async fn run(self, config: Config) -> Result<()> {
        match self {
            Self::Status { json } => {
                let status = platform::status(&config.home).await?;
                print::either(json, &status, || format!("{status:?}"))
            }
            Self::Migrate => {
                let (cluster, _) = boot::database(&config).await?;
                let owner = boot::owner_options(&config, cluster.as_ref())?.ok_or_else(|| {
                    Error::operator("owner_url_missing", "ALLIN_OWNER_DATABASE_URL is not set.")
                })?;
                let done = migrate::run(&owner).await;
                if let Some(cluster) = cluster {
                    cluster.leave().await?;
                }
                done
            }
        }
    }
}
