//! The one interface to social networks. An adapter translates between our words and a network's API; it holds no
//! state, opens no transaction, and never retries a call that could make something public: that decision belongs to
//! the publishing job, which knows what the last attempt proved.

pub mod bluesky;
pub mod failures;
pub mod registry;
mod samples;
pub mod sandbox;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

pub use super::http::SendBy;
use crate::{
    clock::Timestamp,
    error::Result,
    model::networks::{Capabilities, DraftSegment, NetworkId, Violation},
};

pub use samples::{AccountSample, MetricSample};

/// Tokens of one account, opaque outside its adapter. Sealed in the database, never logged.
#[derive(Clone)]
pub struct Credentials {
    /// JSON, as the adapter wrote it.
    pub secret: SecretString,
    /// When the access token stops working; `None` when it does not.
    pub expires_at: Option<Timestamp>,
}

/// An account as an adapter needs it.
#[derive(Clone)]
pub struct NetworkAccount {
    /// The network's own id of the account, for Bluesky the DID.
    pub remote_id: String,
    /// The name people know, without a leading `@`.
    pub handle: String,
    /// The server that holds the account.
    pub base_url: Url,
    pub credentials: Credentials,
}

/// What a person types on the connect page or at the prompt.
pub struct ConnectForm {
    /// The server; `None` takes the network's usual one.
    pub base_url: Option<Url>,
    pub identifier: String,
    pub password: SecretString,
}

/// Who turned out to be behind the credentials.
pub struct Connected {
    pub remote_id: String,
    pub handle: String,
    pub display_name: Option<String>,
    pub base_url: Url,
    pub credentials: Credentials,
}

/// An image that travels with a segment.
#[derive(Clone)]
pub struct Media {
    pub mime: String,
    pub bytes: Bytes,
    pub alt_text: String,
    pub width: u32,
    pub height: u32,
}

/// A message that is (or was) public on the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// The network's id, for Bluesky the `at://` URI.
    pub id: String,
    /// Where a person can open it.
    pub url: Option<String>,
    /// What the adapter needs later (for Bluesky the CID).
    pub detail: Value,
}

/// One message on its way. The same value is built again for every attempt at the same segment, but for what is prepared: that
/// is made anew after a refusal.
#[derive(Clone)]
pub struct Outgoing {
    /// Stable for (target, segment), the same over all attempts: idempotency keys and record keys derive from it.
    pub key: Uuid,
    /// Fixed when the segment is armed for the first time.
    pub created_at: Timestamp,
    pub text: String,
    pub media: Vec<Media>,
    /// What [`Network::prepare`] returned, `Null` before.
    pub prepared: Value,
    /// First message of the thread; `None` when this is it.
    pub root: Option<Remote>,
    /// The message before this one in the thread.
    pub parent: Option<Remote>,
}

impl Outgoing {
    /// When the message was written, in the key's own UUIDv7: no attempt was made before. The date that it shows is no
    /// such bound: it follows from the schedule, and after a restore nobody knows when it was sent.
    pub fn written_at(&self) -> Timestamp {
        let millis = i64::try_from(self.key.as_u128() >> 80).unwrap_or(0);
        Timestamp::from_micros(millis.saturating_mul(1000)).unwrap_or(self.created_at)
    }
}

/// What [`Network::foresee`] tells, for a preview.
pub struct Foreseen {
    /// As [`Network::prepare`] would return it.
    pub prepared: Value,
    /// As later messages of the thread would refer to it.
    pub remote: Remote,
}

/// What one publish call proved.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Published {
        remote: Remote,
        /// The network said that this was the last call it takes before then.
        rest_until: Option<Timestamp>,
    },
    /// Taken, but public only later: ask with [`Network::poll`].
    Accepted { handle: Value },
    /// The network's answer proves that nothing became public.
    Rejected(Failure),
    /// Neither proved: reconcile, never resend blindly. The evidence is shown to people.
    Unknown { evidence: String },
}

/// What is known of an attempt whose outcome is looked up.
#[derive(Debug, Clone)]
pub struct Search {
    /// From then on the attempt cannot arrive any more.
    pub quiet_from: Timestamp,
    /// The network's ids of the account's other messages: what looks alike and is one of them is not the one.
    pub others: Vec<String>,
}

/// What looking for a segment on the network found.
#[derive(Debug, Clone, PartialEq)]
pub enum Reconciled {
    Found(Remote),
    /// Proved not to be there and not to arrive later: sending again is safe.
    ProvenAbsent,
    /// Asked, and cannot be told now.
    Undecidable {
        evidence: String,
    },
    /// This network will never tell: a person has to look.
    Unknowable {
        evidence: String,
    },
}

/// Whether a place that a person named holds a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Sighting {
    There(Remote),
    NotThere {
        /// Fit for a person.
        why: String,
    },
    /// This network cannot be asked for a single post.
    CannotTell,
}

/// A classified failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub kind: FailureKind,
    /// Short, without secrets, fit for a person.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FailureKind {
    /// The access token is no longer taken; a refresh may help.
    TokenExpired,
    /// The person has to connect the account again.
    NeedsReconnect,
    /// Not before this instant.
    RateLimited { until: Option<Timestamp> },
    /// The network holds the same content already.
    Duplicate,
    /// The content is not acceptable to the network; changing it may help.
    Content,
    /// Passing fault of the network or the way to it.
    Transient,
    /// Passing, too, but it says nothing of the account's server: we ran out of time ourselves, or somebody else's server
    /// failed.
    Delayed,
    /// We sent something malformed.
    Bug,
}

/// What a connection test saw, for a person.
#[derive(Debug, Clone)]
pub struct Health {
    /// The handle as the network has it now.
    pub handle: String,
    /// Whether these tokens may publish; `None` when the network does not say before one tries.
    pub may_post: Option<bool>,
    pub notes: Vec<String>,
}

#[async_trait]
pub trait Network: Send + Sync + 'static {
    fn id(&self) -> NetworkId;

    fn capabilities(&self) -> Capabilities;

    /// Every rule that the draft breaks; pure, asks nobody.
    fn validate(&self, segments: &[DraftSegment]) -> Vec<Violation>;

    /// Exchanges what the person typed for tokens.
    async fn connect(&self, form: ConnectForm) -> Result<Connected>;

    /// New tokens, or a failure that says whether the person has to connect again.
    async fn refresh(&self, account: &NetworkAccount) -> Result<Credentials, Failure>;

    /// Asks the network who we are.
    async fn check(&self, account: &NetworkAccount) -> Result<Health, Failure>;

    /// Everything before the visible step (uploads, looking up mentions). No visible effect; may run again.
    async fn prepare(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Value, Failure>;

    /// The body of the visible call, the very one that [`Network::publish`] sends. `owner` is the network's id of the
    /// account. Pure.
    fn body(&self, owner: &str, outgoing: &Outgoing) -> Result<Value, Failure>;

    /// What the network will presumably add to a message that is not prepared or not public yet; where only it can know,
    /// words in round brackets. Pure.
    fn foresee(&self, owner: &str, outgoing: &Outgoing) -> Foreseen;

    /// Exactly one visible call, which must not begin to be sent after `send_by`.
    async fn publish(&self, account: &NetworkAccount, outgoing: &Outgoing, send_by: &SendBy) -> Outcome;

    /// Asks what became of an [`Outcome::Accepted`].
    async fn poll(&self, account: &NetworkAccount, handle: &Value) -> Outcome;

    /// Looks whether an earlier attempt at this segment became public. Asked only after [`Search::quiet_from`].
    async fn reconcile(
        &self,
        account: &NetworkAccount,
        outgoing: &Outgoing,
        search: &Search,
    ) -> Result<Reconciled, Failure>;

    /// Whether [`Network::reconcile`] and [`Network::find`] do without a token. Then they are asked without one, and while the
    /// account is disconnected too.
    fn tells_anybody(&self) -> bool {
        false
    }

    /// Looks whether this message is where a person says that it is: a link or an id.
    async fn find(&self, _: &NetworkAccount, _: &Outgoing, _place: &str) -> Result<Sighting, Failure> {
        Ok(Sighting::CannotTell)
    }

    /// Gives a published message another text; where [`Capabilities::can_edit`] says so. Setting the same text again is
    /// harmless; one that comes after a newer one is not, so it must not begin to be sent after `send_by`.
    async fn edit(&self, _: &NetworkAccount, _: &Remote, _: &Outgoing, _send_by: &SendBy) -> Outcome {
        let message = "this network keeps posts as they were published".into();
        Outcome::Rejected(Failure { kind: FailureKind::Content, message })
    }

    /// Deletes a published message; deleting what is gone already succeeds.
    async fn delete(&self, account: &NetworkAccount, remote: &Remote) -> Result<(), Failure>;

    /// Figures of published messages: for each, one of every name in [`Capabilities::metrics`].
    async fn metrics(&self, account: &NetworkAccount, remotes: &[Remote]) -> Result<Vec<MetricSample>, Failure>;

    /// Figures of the account itself.
    async fn account_metrics(&self, account: &NetworkAccount) -> Result<Vec<AccountSample>, Failure>;

    /// Reads an error answer of the network. Pure; the table of the adapter.
    fn classify(&self, status: u16, headers: &http::HeaderMap, body: &[u8]) -> Failure;
}
