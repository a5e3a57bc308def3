//! An application built by hand on a database of its own: the clock stands still until it is moved, the network is a
//! sandbox that nobody else uses.

use std::{ops::Deref, sync::Arc, time::Duration};

use allin::{
    app::{App, SendTimes, Settings},
    clients::{
        embedder::Embedder,
        http,
        http::{Http, guard::Origin},
        llm::{Llm, LlmAddress},
        mail::Mailer,
        networks::registry::Networks,
    },
    clock::{Clock, ManualClock, SystemClock, Timestamp},
    documents::Parser,
    ids::RandomIds,
    jobs::{collect_metrics, publish_posts},
    model::sandbox::Mode,
    platform::Role,
    sandbox::Manners,
    store::db::Db,
    vault::Vault,
};
use tempfile::TempDir;
use url::Url;

use super::{database::Database, sandbox::Sandbox};

/// What a test wants different.
pub struct Setup {
    /// What the sandbox offers against a post appearing twice.
    pub mode: Mode,
    /// Whether the sandbox refuses a text that is there already.
    pub refuse_repeats: bool,
    /// The clock of the machine instead of one that stands still.
    pub real_time: bool,
    /// Another clock for the application; the sandbox keeps its own.
    pub clock: Option<Arc<dyn Clock>>,
    /// How long a network may take to answer, in milliseconds.
    pub answer_within: i64,
    pub pool: u32,
    /// Servers on this machine that may be called besides the sandbox.
    pub allow: Vec<Origin>,
    /// Calls at once to one server.
    pub connections: usize,
    pub mail: Option<Mailer>,
    /// `support::embedding::embedder` for the real model.
    pub embedder: Embedder,
    /// What writes answers.
    pub llm: Option<LlmAddress>,
    /// Put between the application and the sandbox: takes the sandbox's address, gives the one to call.
    pub between: Option<Box<dyn FnOnce(&Url) -> Url + Send>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            mode: Mode::ClientKey,
            refuse_repeats: false,
            real_time: false,
            clock: None,
            answer_within: 30_000,
            pool: 8,
            connections: 16,
            allow: Vec::new(),
            mail: None,
            embedder: Embedder::off(),
            llm: None,
            between: None,
        }
    }
}

pub struct TestApp {
    pub app: Arc<App>,
    pub clock: ManualClock,
    pub sandbox: Sandbox,
    pub database: Database,
    /// Media may come from `media` in it.
    pub folder: TempDir,
}

/// When every test begins: a Tuesday, 09:00 in Berlin.
pub fn dawn() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

/// The test installation's keys.
pub fn vault() -> Vault {
    Vault::new(&[7; 32], &[8; 32])
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        http::install_tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create().await;
        let manual = ManualClock::at(dawn());
        let clock: Arc<dyn Clock> = if setup.real_time { Arc::new(SystemClock) } else { Arc::new(manual.clone()) };
        let manners = Manners {
            mode: setup.mode,
            list_after: Duration::from_secs(60),
            refuse_repeats: setup.refuse_repeats,
            ..Manners::default()
        };
        let sandbox = Sandbox::with(folder.path().join("sandbox"), manners, Arc::clone(&clock)).await;
        let clock = setup.clock.unwrap_or(clock);
        let network = setup.between.map_or_else(|| sandbox.url.clone(), |between| between(&sandbox.url));
        let media = folder.path().join("media");
        std::fs::create_dir(&media).unwrap();
        let http = Http::new(setup.allow).unwrap();
        let networks = Networks::new(&http, Arc::clone(&clock), Some(network));
        let settings = Settings {
            embedder: setup.embedder,
            parser: Parser::new(env!("CARGO_BIN_EXE_allin").into()),
            media_dirs: vec![media],
            asset_bytes_max: 20 * 1024 * 1024,
            send: SendTimes::from_answer_within(setup.answer_within),
            connections: setup.connections,
            mail: setup.mail,
            llm: setup.llm.map(|at| Llm::new(&http, at)),
            audit_heads: Some(folder.path().join("audit-heads.jsonl")),
            unaudited: false,
        };
        let db = Db::connect(database.options(Role::App), setup.pool).await.unwrap();
        let app = App::new(db, clock, Arc::new(RandomIds), vault(), networks, http, settings);
        let app = Arc::new(app.deciding(database.options(Role::Decider)));
        Self { app, clock: manual, sandbox, database, folder }
    }

    /// Delivers what is due, once.
    pub async fn publish_due(&self) -> usize {
        publish_posts::step(&self.app, 50).await.unwrap()
    }

    /// Asks for the figures that are due, once. Returns how many accounts were looked at.
    pub async fn collect_due(&self) -> usize {
        collect_metrics::step(&self.app, 50).await.unwrap()
    }

    /// Stops everything. Fails when a connection is left inside a transaction, or something was published that has no
    /// receipt.
    pub async fn close(mut self) {
        let left = self.database.in_transaction().await;
        let bare = self.database.without_receipt().await;
        self.app.close().await;
        self.sandbox.stop().await;
        self.database.close().await;
        assert_eq!(left, Vec::<String>::new(), "connections left inside a transaction");
        assert_eq!(bare, 0, "published targets without a receipt");
    }
}

impl Deref for TestApp {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}
