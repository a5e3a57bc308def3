//! `allin db status`. Starts the private server for a moment when there is one, and makes nothing.

use serde::Serialize;

use crate::{
    boot,
    cli::print,
    config::Config,
    error::Result,
    platform::{self, ClusterStatus},
    store::{db, installation, migrate, server},
};

#[derive(Serialize)]
struct Status {
    /// `private`, or `own` when DATABASE_URL is set.
    server: &'static str,
    home: std::path::PathBuf,
    /// The private server as it was before this command.
    cluster: Option<ClusterStatus>,
    version: Option<String>,
    database_bytes: Option<i64>,
    schema_version: Option<i64>,
    schema_newest: i64,
    /// The server's system identifier.
    identity: Option<String>,
    /// Whether AllIN used the database on this server before; `false` after a restore, until the next start.
    identity_known: Option<bool>,
    /// Which master key its secrets are sealed with.
    key_id: Option<String>,
}

pub async fn show(config: &Config, json: bool) -> Result<()> {
    let cluster = match &config.database_url {
        Some(_) => None,
        None => Some(platform::status(&config.home).await?),
    };
    let mut status = Status {
        server: if cluster.is_some() { "private" } else { "own" },
        home: config.home.root().to_owned(),
        cluster,
        version: None,
        database_bytes: None,
        schema_version: None,
        schema_newest: migrate::newest(),
        identity: None,
        identity_known: None,
        key_id: None,
    };
    if status.cluster.as_ref().is_none_or(|cluster| cluster.created) {
        look_inside(config, &mut status).await?;
    }
    print::either(json, &status, || text(&status))
}

async fn look_inside(config: &Config, status: &mut Status) -> Result<()> {
    let (cluster, options) = boot::database(config).await?;
    let looked = async {
        let mut connection = db::connect_owner(&options).await?;
        let facts = server::facts(&mut connection).await?;
        status.version = Some(facts.version);
        status.database_bytes = Some(facts.database_bytes);
        status.schema_version = installation::schema_version(&mut connection).await?;
        let identity = installation::cluster_identity(&mut connection).await?;
        if status.schema_version.is_some() {
            let known = installation::get(&mut connection, "cluster").await?;
            status.identity_known = known.map(|known| known == identity.as_str());
            let key = installation::get(&mut connection, "master_key").await?;
            status.key_id = key.and_then(|key| key.get("key_id")?.as_str().map(str::to_owned));
        }
        status.identity = Some(identity);
        db::close_owner(connection).await;
        Ok(())
    };
    let looked = looked.await;
    let left = match cluster {
        Some(cluster) => cluster.leave().await,
        None => Ok(()),
    };
    looked.and(left)
}

fn text(status: &Status) -> String {
    let mut lines = Vec::new();
    let mut say = |name: &str, value: String| lines.push(format!("{name:<10} {value}"));
    match &status.cluster {
        Some(cluster) if !cluster.created => {
            say("Server", format!("none yet in {}; `allin setup` makes it", status.home.display()));
            return lines.join("\n");
        }
        Some(cluster) => {
            let running = match (cluster.running, cluster.in_use) {
                (true, true) => "running, in use by AllIN",
                (true, false) => "running, used by nobody",
                (false, _) => "not running; started for this look",
            };
            say("Server", format!("private, {running}"));
            if let Some(data) = &cluster.data {
                say("Data", format!("{} ({})", data.display(), super::size(cluster.data_bytes)));
            }
        }
        None => say("Server", "your own (DATABASE_URL)".into()),
    }
    let unknown = || "unknown".to_owned();
    say("Version", status.version.clone().unwrap_or_else(unknown));
    say("Database", status.database_bytes.map_or_else(unknown, |bytes| super::size(u64::try_from(bytes).unwrap_or(0))));
    say(
        "Schema",
        match status.schema_version {
            None => format!("none yet; this AllIN brings {}", status.schema_newest),
            Some(version) if version == status.schema_newest => format!("{version}, the newest"),
            Some(version) => format!("{version}; this AllIN knows {}", status.schema_newest),
        },
    );
    let identity = status.identity.clone().unwrap_or_else(unknown);
    say(
        "Identity",
        match status.identity_known {
            Some(false) => format!("{identity}, new to this database: the next start pauses publishing"),
            _ => identity,
        },
    );
    say("Key", status.key_id.clone().unwrap_or_else(|| "none yet".into()));
    lines.join("\n")
}
