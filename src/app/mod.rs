//! Use cases: one verb per file, each called through the gate in `use_case`. Knows the store and the clients, and
//! nothing of protocols: tools, pages, commands and jobs all come through here.

pub mod accounts;
pub mod approvals;
pub mod assets;
pub mod audit;
pub mod best_times;
pub mod calendar;
pub mod campaigns;
pub mod comments;
pub mod confirm;
pub mod conversations;
pub mod crisis;
pub mod ctx;
pub mod cursor;
pub mod expiry;
pub mod gate;
pub mod held;
pub mod imports;
pub mod keys;
pub mod knowledge;
pub mod members;
pub mod metrics;
pub mod networks;
pub mod notifications;
pub mod pauses;
pub mod people;
mod permit;
pub mod plans;
pub mod posts;
pub mod privacy;
pub mod progress;
pub mod publishing;
pub mod queue;
pub mod receipts;
pub mod recycling;
pub mod series;
pub mod tasks;
pub mod tickets;
pub mod use_case;
pub mod watch;
pub mod workspaces;
pub mod zones;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, OnceCell, broadcast};
use url::Url;

use crate::{
    app::{
        audit::seal::Unchained,
        knowledge::Knowledge,
        publishing::engine::Engine,
        watch::{News, Watch},
    },
    clients::{embedder::Embedder, http::Http, llm::Llm, mail::Mailer, networks::registry::Networks},
    clock::{Clock, Timestamp},
    documents::Parser,
    error::{Error, Result},
    ids::{IdGen, RequestId, WorkspaceId},
    store::{db::Db, knowledge::faces, notifications as notices},
    vault::Vault,
};

/// Decisions are rare, and a person waits for each.
const DECIDER_CONNECTIONS: u32 = 2;

/// Everything a use case may reach.
pub struct App {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdGen>,
    pub vault: Vault,
    pub networks: Networks,
    pub http: Http,
    pub settings: Settings,
    /// What was found lately, and who waits for documents.
    pub knowledge: Knowledge,
    /// What this process's deliveries share.
    pub engine: Arc<Engine>,
    /// Wakes this process's publisher when something became due.
    pub due: Notify,
    /// Whose audit logs this process wrote to.
    pub unchained: Unchained,
    notices: Watch,
    documents: Watch,
    changed: broadcast::Sender<WorkspaceId>,
    pages: OnceLock<Url>,
    decider: Option<Decider>,
    terminal: OnceLock<AskPassphrase>,
}

/// Asks the person at the terminal for the passphrase.
pub type AskPassphrase = fn() -> Result<SecretString>;

/// Connections of the role that writes decisions, opened when the first is made.
struct Decider {
    options: PgConnectOptions,
    db: OnceCell<Db>,
}

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folders below which a local client may name media files.
    pub media_dirs: Vec<PathBuf>,
    /// Largest image, in bytes.
    pub asset_bytes_max: u64,
    pub send: SendTimes,
    /// Calls at once to one server of a network, in one process.
    pub connections: usize,
    /// How notifications are mailed.
    pub mail: Option<Mailer>,
    /// What writes answers; without one they are extracts.
    pub llm: Option<Llm>,
    /// Where heads of the audit log are kept besides the database.
    pub audit_heads: Option<PathBuf>,
    /// What makes vectors of texts.
    pub embedder: Embedder,
    /// What reads documents.
    pub parser: Parser,
    /// Nothing is written to the audit log: only for measuring what the log costs.
    pub unaudited: bool,
}

/// How long each step of a publication may take, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct SendTimes {
    /// From arming until the call must have been started.
    pub start_within: i64,
    /// From the start of the call until its answer.
    pub answer_within: i64,
    /// From claiming until another worker may take over.
    pub lease: i64,
    /// Added before a lost call is looked up, for answers under way.
    pub margin: i64,
}

impl SendTimes {
    /// `answer_within` decides; the rest follows. The lease outlives a whole attempt.
    pub const fn from_answer_within(millis: i64) -> Self {
        Self { start_within: millis / 3, answer_within: millis, lease: millis * 2 + millis / 2, margin: millis / 6 }
    }

    /// From arming until nothing of the attempt can be under way any more.
    pub const fn attempt(self) -> i64 {
        self.start_within + self.answer_within + self.margin
    }
}

impl App {
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
        vault: Vault,
        networks: Networks,
        http: Http,
        settings: Settings,
    ) -> Self {
        let (changed, _) = broadcast::channel(256);
        let engine = Arc::new(Engine::new(settings.connections, db.size()));
        let (due, pages) = (Notify::new(), OnceLock::new());
        let (notices, documents) = (Watch::of(notices::CHANNEL), Watch::of(faces::CHANNEL));
        let (decider, terminal, unchained) = (None, OnceLock::new(), Unchained::default());
        Self {
            db,
            clock,
            ids,
            vault,
            networks,
            http,
            settings,
            knowledge: Knowledge::default(),
            engine,
            due,
            unchained,
            notices,
            documents,
            changed,
            pages,
            decider,
            terminal,
        }
    }

    /// With a way to write decisions.
    #[must_use]
    pub fn deciding(mut self, options: PgConnectOptions) -> Self {
        self.decider = Some(Decider { options, db: OnceCell::new() });
        self
    }

    /// The database as the role that writes decisions. The gate uses it for what [`UseCase::DECIDES`].
    ///
    /// [`UseCase::DECIDES`]: use_case::UseCase::DECIDES
    async fn decider(&self) -> Result<&Db> {
        let decider = self.decider.as_ref().ok_or_else(|| {
            Error::operator("decider_unset", "This AllIN has no way to write decisions of people.")
                .next("Set ALLIN_DECIDER_DATABASE_URL to the database's address as the role allin_decider.")
        })?;
        decider.db.get_or_try_init(|| Db::connect(decider.options.clone(), DECIDER_CONNECTIONS)).await
    }

    /// How the person at this process's terminal is asked for the passphrase.
    pub fn set_terminal(&self, ask: AskPassphrase) {
        _ = self.terminal.set(ask);
    }

    /// Closes all connections to the database.
    pub async fn close(&self) {
        if let Some(db) = self.decider.as_ref().and_then(|decider| decider.db.get()) {
            db.close().await;
        }
        self.db.close().await;
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn new_request(&self) -> RequestId {
        RequestId(self.ids.next(self.now()))
    }

    /// Tells listeners in this process that a workspace changed.
    pub fn announce(&self, workspace: WorkspaceId) {
        // Nobody listening is fine.
        _ = self.changed.send(workspace);
    }

    pub fn changes(&self) -> broadcast::Receiver<WorkspaceId> {
        self.changed.subscribe()
    }

    /// Whose notifications change from now on, whichever process it was.
    pub async fn notices(&self) -> Result<broadcast::Receiver<News>> {
        self.notices.news(&self.db).await
    }

    /// Which documents change from now on, whichever process it was and whomever they are for.
    pub async fn document_news(&self) -> Result<broadcast::Receiver<News>> {
        self.documents.news(&self.db).await
    }

    /// Where this process serves pages to people; the first caller decides.
    pub fn set_pages_url(&self, url: Url) {
        _ = self.pages.set(url);
    }

    pub fn pages_url(&self) -> Option<&Url> {
        self.pages.get()
    }
}
