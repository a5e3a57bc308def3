//! One private PostgreSQL for the whole run, joined by every test, and a database for each test: a copy of a template
//! that is migrated once.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use allin::{
    config::Config,
    platform::{self, Cluster, Home, Role, StartOptions},
    store::migrate,
    vault::sha256,
};
use data_encoding::HEXLOWER;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};

/// Names of the tests' databases begin with it.
const PREFIX: &str = "it_";

/// A test's own database. End it with [`Database::close`].
pub struct Database {
    cluster: Option<Cluster>,
    name: String,
}

pub fn home() -> Home {
    Home::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("it-home")).unwrap()
}

/// The operator's programs and folders count here, too; safety against power loss does not.
fn options() -> StartOptions {
    StartOptions { durable: false, ..Config::from_env().unwrap().cluster }
}

/// Where the PostgreSQL programs are, fetched and tried.
pub async fn programs() -> PathBuf {
    let cluster = platform::start(&home(), &options()).await.expect("the tests' PostgreSQL");
    let programs = cluster.bindir().to_owned();
    cluster.leave().await.unwrap();
    programs
}

impl Database {
    pub async fn create() -> Self {
        let home = home();
        let cluster = platform::start(&home, &options()).await.expect("the tests' PostgreSQL");
        let template = template(&home, &cluster).await;
        let mut random = [0; 8];
        allin::ids::fill_random(&mut random);
        let name = format!("{PREFIX}{}", HEXLOWER.encode(&random));
        cluster.create_database(&name, Some(&template)).await.expect("a copy of the template");
        Self { cluster: Some(cluster), name }
    }

    fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().expect("open")
    }

    pub fn options(&self, role: Role) -> PgConnectOptions {
        self.cluster().connect_options_to(role, &self.name)
    }

    /// Row-level security does not bind it: it sees what is really there.
    pub async fn superuser(&self) -> PgConnection {
        self.options(Role::Superuser).connect().await.expect("the superuser")
    }

    /// Fails when the test leaves a connection inside a transaction.
    pub async fn close(mut self) {
        let left = self.in_transaction().await;
        self.remove().await;
        assert_eq!(left, Vec::<String>::new(), "connections left inside a transaction");
    }

    /// Sessions that hold a transaction open, with what they did last. A rollback that is under way gets a second.
    pub async fn in_transaction(&self) -> Vec<String> {
        let mut superuser = self.superuser().await;
        let mut left = Vec::new();
        for _ in 0..100 {
            left = sqlx::query_scalar(
                "select state || ': ' || query from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
                   and backend_type = 'client backend'",
            )
            .fetch_all(&mut superuser)
            .await
            .unwrap();
            if left.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        superuser.close().await.unwrap();
        left
    }

    /// Targets that are public and have no receipt.
    pub async fn without_receipt(&self) -> i64 {
        let mut superuser = self.superuser().await;
        let bare = sqlx::query_scalar(
            "select count(*) from targets t where state = 'published' and not exists (select from receipts r
             where r.workspace_id = t.workspace_id and r.target_id = t.target_id)",
        )
        .fetch_one(&mut superuser)
        .await
        .unwrap();
        superuser.close().await.unwrap();
        bare
    }

    async fn remove(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            cluster.drop_database(&self.name).await.expect("drop the test's database");
            cluster.leave().await.expect("leave the tests' PostgreSQL");
        }
    }
}

/// A test that failed tidies up, too.
impl Drop for Database {
    fn drop(&mut self) {
        let Some(cluster) = self.cluster.take() else { return };
        let name = self.name.clone();
        let tidy = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                _ = cluster.drop_database(&name).await;
                _ = cluster.leave().await;
            });
        };
        _ = std::thread::spawn(tidy).join();
        if !std::thread::panicking() {
            panic!("a test ends with `close().await`");
        }
    }
}

/// Named by the migrations, so that a changed schema makes a new one. Made under a lock, renamed when it is whole.
async fn template(home: &Home, cluster: &Cluster) -> String {
    let name = format!("template_{}", &HEXLOWER.encode(&sha256(&migrations()))[..16]);
    let file = File::create(home.root().join("template.lock")).unwrap();
    let _lock = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await.unwrap().unwrap();
    let mut superuser = cluster.connect_options_to(Role::Superuser, "postgres").connect().await.unwrap();
    let known: Vec<String> =
        sqlx::query_scalar("select datname::text from pg_database").fetch_all(&mut superuser).await.unwrap();
    if !known.contains(&name) {
        // Of other schemas, of tests that were killed, or half made.
        let stale = |name: &&String| ["template_", "raw_", PREFIX].iter().any(|prefix| name.starts_with(prefix));
        for left in known.iter().filter(stale) {
            cluster.drop_database(left).await.unwrap();
        }
        let raw = name.replacen("template_", "raw_", 1);
        cluster.create_database(&raw, None).await.unwrap();
        migrate::run(&cluster.connect_options_to(Role::Owner, &raw)).await.unwrap();
        // Sessions that were just closed may take a moment to be gone.
        let rename = format!("alter database {raw} rename to {name}");
        while let Err(error) = sqlx::raw_sql(AssertSqlSafe(rename.clone())).execute(&mut superuser).await {
            assert_eq!(error.as_database_error().and_then(|error| error.code()).as_deref(), Some("55006"), "{error}");
        }
    }
    superuser.close().await.unwrap();
    name
}

fn migrations() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
}
