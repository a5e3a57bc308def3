//! The practice network, spoken to over HTTP like any other. It can behave like each class of real networks ([`Mode`]); how
//! an account's does is learnt when it signs in. Decides no retry; the server is in `crate::sandbox`.

mod body;
mod figures;
mod find;
mod send;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{
    AccountSample, ConnectForm, Connected, Credentials, Failure, FailureKind, Foreseen, Health, MetricSample, Network,
    NetworkAccount, Outcome, Outgoing, Reconciled, Remote, Search, SendBy, Sighting, failures,
};
use crate::{
    clients::http::{Answer, Call, Http, HttpError, guard::Origin},
    clock::Clock,
    error::{Error, Result},
    model::{
        network_rules,
        networks::{Capabilities, DraftSegment, NetworkId, Violation},
        sandbox::{self, Mode},
    },
};

/// The adapter. Holds no account.
pub struct Sandbox {
    http: Http,
    clock: Arc<dyn Clock>,
    /// How the account that was used last is served, for whoever asks what the network can do. Nothing else follows from it.
    seen: Mutex<Manners>,
    /// The sandbox of this installation. It wins over the address stored with an account: its port may change.
    own: Option<Url>,
}

/// How the sandbox serves an account; learnt when it signs in.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Manners {
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    refuses_repeats: bool,
}

/// The content of [`Credentials::secret`].
#[derive(Serialize, Deserialize)]
struct Session {
    token: String,
    /// For another token when this one has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(flatten)]
    manners: Manners,
}

/// A post as the sandbox shows it to its owner.
#[derive(Debug, Deserialize)]
struct Shown {
    id: String,
    account_id: String,
    path: String,
    text: String,
    media: Vec<Value>,
    reply_to: Option<String>,
}

impl Sandbox {
    /// `own` is the address of the running sandbox; it becomes reachable for this adapter alone.
    pub fn new(http: &Http, clock: Arc<dyn Clock>, own: Option<Url>) -> Self {
        let http = own.as_ref().and_then(Origin::of).map_or_else(|| http.clone(), |origin| http.allowing(origin));
        Self { http, clock, seen: Mutex::default(), own }
    }

    fn base<'a>(&'a self, account: &'a NetworkAccount) -> &'a Url {
        self.own.as_ref().unwrap_or(&account.base_url)
    }

    fn session(&self, account: &NetworkAccount) -> Result<Session, Failure> {
        let session: Session = serde_json::from_str(account.credentials.secret.expose_secret()).map_err(|_| {
            Failure { kind: FailureKind::NeedsReconnect, message: "the stored sign-in cannot be read".into() }
        })?;
        self.see(session.manners);
        Ok(session)
    }

    fn see(&self, manners: Manners) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = manners;
    }

    fn call(&self, account: &NetworkAccount, method: Method, path: &[&str]) -> Result<Call, Failure> {
        let token = SecretString::from(self.session(account)?.token);
        Ok(Call::new(method, address(self.base(account), path)).bearer(token))
    }

    async fn ask(&self, call: Call) -> Result<Answer, Failure> {
        self.judged(self.http.send(call).await)
    }

    fn judged(&self, answer: Result<Answer, HttpError>) -> Result<Answer, Failure> {
        let answer = answer.map_err(|error| failures::no_answer(&error))?;
        if answer.ok() { Ok(answer) } else { Err(self.classify(answer.status, &answer.headers, &answer.body)) }
    }

    fn remote(&self, account: &NetworkAccount, post: &Shown) -> Remote {
        let url = self.base(account).join(&post.path).ok().map(String::from);
        Remote { id: post.id.clone(), url, detail: Value::Null }
    }
}

fn address(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().push("v1").extend(path);
    }
    url
}

/// The sandbox's own word that something is not there: whoever else answers at its address says 404 too.
fn is_missing(answer: &Answer) -> bool {
    let said = || answer.json::<Value>().unwrap_or_default().pointer("/error/code") == Some(&json!("not_found"));
    answer.status == 404 && said()
}

fn unreadable() -> Failure {
    Failure { kind: FailureKind::Transient, message: "the sandbox's answer could not be read".into() }
}

#[async_trait]
impl Network for Sandbox {
    fn id(&self) -> NetworkId {
        NetworkId::Sandbox
    }

    fn capabilities(&self) -> Capabilities {
        let Manners { mode, refuses_repeats } = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Capabilities { refuses_repeats, ..sandbox::capabilities(mode) }
    }

    fn validate(&self, segments: &[DraftSegment]) -> Vec<Violation> {
        network_rules::violations(&self.capabilities(), segments)
    }

    /// The first use of a handle creates it with the given password.
    async fn connect(&self, form: ConnectForm) -> Result<Connected> {
        let base_url = self.own.clone().or(form.base_url).ok_or_else(|| {
            Error::operator("sandbox_not_running", "The sandbox is not running.")
                .next("Start it with the server, or give its address.")
        })?;
        let body = json!({ "handle": form.identifier, "password": form.password.expose_secret() });
        let answer = self.http.send(Call::post(address(&base_url, &["sessions"])).json(body)).await?;
        if !answer.ok() {
            let failure = self.classify(answer.status, &answer.headers, &answer.body);
            return Err(match answer.status {
                401 => Error::invalid("credentials_refused", "This sandbox handle exists with another password.")
                    .next("Use its password, or choose another handle: a new one is created on first use."),
                422 => Error::invalid("credentials_refused", format!("The sandbox refuses this: {}.", failure.message)),
                _ => Error::unavailable(
                    "network_unavailable",
                    format!("The sandbox does not work: {}.", failure.message),
                ),
            });
        }
        #[derive(Deserialize)]
        struct Opened {
            id: String,
            handle: String,
            display_name: Option<String>,
            #[serde(flatten)]
            session: Session,
        }
        let opened: Opened = answer.json().map_err(|cause| {
            Error::unavailable("network_answer_unreadable", "This address answers, but it is no AllIN sandbox.")
                .because(cause)
        })?;
        self.see(opened.session.manners);
        let secret = serde_json::to_string(&opened.session).map_err(Error::internal)?;
        Ok(Connected {
            remote_id: opened.id,
            handle: opened.handle,
            display_name: opened.display_name,
            base_url,
            credentials: Credentials { secret: SecretString::from(secret), expires_at: None },
        })
    }

    /// A sign-in of before there were refresh tokens is good for ever or gone for good.
    async fn refresh(&self, account: &NetworkAccount) -> Result<Credentials, Failure> {
        let session = self.session(account)?;
        let Some(refresh_token) = session.refresh_token else {
            return self.check(account).await.map(|_| account.credentials.clone());
        };
        let body = json!({ "refresh_token": refresh_token });
        let call = Call::post(address(self.base(account), &["sessions", "refresh"])).json(body);
        let renewed: Session = self.ask(call).await?.json().map_err(|_| unreadable())?;
        let renewed = Session { refresh_token: Some(refresh_token), ..renewed };
        let secret = serde_json::to_string(&renewed).map_err(|_| unreadable())?;
        Ok(Credentials { secret: SecretString::from(secret), expires_at: None })
    }

    async fn check(&self, account: &NetworkAccount) -> Result<Health, Failure> {
        let me: Value = self.ask(self.call(account, Method::GET, &["me"])?).await?.json().map_err(|_| unreadable())?;
        let handle = me.get("handle").and_then(Value::as_str).ok_or_else(unreadable)?.to_owned();
        Ok(Health { handle, may_post: Some(true), notes: vec!["A practice network: posts reach nobody.".into()] })
    }

    async fn prepare(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Value, Failure> {
        self.prepare_post(account, outgoing).await
    }

    fn body(&self, _: &str, outgoing: &Outgoing) -> Result<Value, Failure> {
        body::of(outgoing)
    }

    fn foresee(&self, _: &str, outgoing: &Outgoing) -> Foreseen {
        body::foresee(outgoing)
    }

    async fn publish(&self, account: &NetworkAccount, outgoing: &Outgoing, send_by: &SendBy) -> Outcome {
        self.send_post(account, outgoing, send_by).await
    }

    /// The sandbox answers at once, so nothing is ever [`Outcome::Accepted`].
    async fn poll(&self, _: &NetworkAccount, _: &Value) -> Outcome {
        Outcome::Unknown { evidence: "the sandbox has no pending posts to ask about".into() }
    }

    async fn reconcile(
        &self,
        account: &NetworkAccount,
        outgoing: &Outgoing,
        search: &Search,
    ) -> Result<Reconciled, Failure> {
        self.find_post(account, outgoing, search).await
    }

    async fn find(&self, account: &NetworkAccount, outgoing: &Outgoing, place: &str) -> Result<Sighting, Failure> {
        self.find_at(account, outgoing, place).await
    }

    async fn edit(&self, account: &NetworkAccount, remote: &Remote, outgoing: &Outgoing, send_by: &SendBy) -> Outcome {
        self.change_post(account, remote, outgoing, send_by).await
    }

    async fn delete(&self, account: &NetworkAccount, remote: &Remote) -> Result<(), Failure> {
        let answer = self.http.send(self.call(account, Method::DELETE, &["posts", &remote.id])?).await;
        if answer.as_ref().is_ok_and(is_missing) {
            return Ok(());
        }
        self.judged(answer).map(|_| ())
    }

    async fn metrics(&self, account: &NetworkAccount, remotes: &[Remote]) -> Result<Vec<MetricSample>, Failure> {
        self.read_figures(account, remotes).await
    }

    async fn account_metrics(&self, account: &NetworkAccount) -> Result<Vec<AccountSample>, Failure> {
        self.count_posts(account).await
    }

    fn classify(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let said = |path: &str| body.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let kind = match (status, said("/error/code")) {
            (401, Some("token_expired")) => FailureKind::TokenExpired,
            (401, _) | (_, Some("other_mode")) => FailureKind::NeedsReconnect,
            (409, _) => FailureKind::Duplicate,
            (410 | 413 | 422, _) => FailureKind::Content,
            (429, _) => FailureKind::RateLimited { until: failures::retry_at(headers, self.clock.now()) },
            (408 | 500..=599, _) | (404 | 405, None) => FailureKind::Transient,
            _ => FailureKind::Bug,
        };
        let message = said("/error/details/0/message").or_else(|| said("/error/message"));
        Failure { kind, message: message.map_or_else(|| format!("the sandbox answered {status}"), failures::excerpt) }
    }
}
