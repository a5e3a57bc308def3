//! The practice network, spoken to over HTTP like any other. It may ignore keys, as some networks do, so a lost answer
//! is settled by looking. Decides no retry; the server is in `crate::sandbox`.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{
    ConnectForm, Connected, Credentials, Failure, FailureKind, Health, MetricSample, Network, NetworkAccount, Outcome,
    Outgoing, Reconciled, Remote, failures,
};
use crate::{
    clients::http::{Answer, Call, Http, HttpError, guard::Origin},
    clock::{Clock, Timestamp},
    error::{Error, Result},
    model::{
        network_rules,
        networks::{Capabilities, DraftSegment, NetworkId, Violation},
        sandbox::{self, METRICS},
    },
};

/// How far the sandbox's clock may be behind ours when a post is looked for, in seconds.
const CLOCK_SLACK: i64 = 300;

/// The adapter. Holds no account.
pub struct Sandbox {
    http: Http,
    clock: Arc<dyn Clock>,
    /// The sandbox of this installation. It wins over the address stored with an account: its port may change.
    own: Option<Url>,
}

/// The content of [`Credentials::secret`].
#[derive(Serialize, Deserialize)]
struct Session {
    token: String,
}

/// A post as the sandbox shows it to its owner.
#[derive(Debug, Deserialize)]
struct Shown {
    id: String,
    path: String,
    text: String,
    media: Vec<Value>,
    reply_to: Option<String>,
    client_key: Option<String>,
}

impl Sandbox {
    /// `own` is the address of the running sandbox; it becomes reachable for this adapter alone.
    pub fn new(http: &Http, clock: Arc<dyn Clock>, own: Option<Url>) -> Self {
        let http = own.as_ref().and_then(Origin::of).map_or_else(|| http.clone(), |origin| http.allowing(origin));
        Self { http, clock, own }
    }

    fn base<'a>(&'a self, account: &'a NetworkAccount) -> &'a Url {
        self.own.as_ref().unwrap_or(&account.base_url)
    }

    fn call(&self, account: &NetworkAccount, method: Method, path: &[&str]) -> Result<Call, Failure> {
        let session: Session = serde_json::from_str(account.credentials.secret.expose_secret()).map_err(|_| {
            Failure { kind: FailureKind::NeedsReconnect, message: "the stored sign-in cannot be read".into() }
        })?;
        Ok(Call::new(method, address(self.base(account), path)).bearer(SecretString::from(session.token)))
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

fn unreadable() -> Failure {
    Failure { kind: FailureKind::Transient, message: "the sandbox's answer could not be read".into() }
}

#[async_trait]
impl Network for Sandbox {
    fn id(&self) -> NetworkId {
        NetworkId::Sandbox
    }

    fn capabilities(&self) -> Capabilities {
        sandbox::capabilities()
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
            token: String,
        }
        let opened: Opened = answer.json().map_err(|cause| {
            Error::unavailable("network_answer_unreadable", "This address answers, but it is no AllIN sandbox.")
                .because(cause)
        })?;
        let secret = serde_json::to_string(&Session { token: opened.token }).map_err(Error::internal)?;
        Ok(Connected {
            remote_id: opened.id,
            handle: opened.handle,
            display_name: opened.display_name,
            base_url,
            credentials: Credentials { secret: SecretString::from(secret), expires_at: None },
        })
    }

    /// Tokens of the sandbox never end; one that is refused is gone for good.
    async fn refresh(&self, account: &NetworkAccount) -> Result<Credentials, Failure> {
        self.check(account).await.map(|_| account.credentials.clone())
    }

    async fn check(&self, account: &NetworkAccount) -> Result<Health, Failure> {
        let me: Value = self.ask(self.call(account, Method::GET, &["me"])?).await?.json().map_err(|_| unreadable())?;
        let handle = me.get("handle").and_then(Value::as_str).ok_or_else(unreadable)?.to_owned();
        Ok(Health { handle, notes: vec!["A practice network: posts reach nobody.".into()] })
    }

    async fn prepare(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Value, Failure> {
        let mut ids = Vec::new();
        for image in &outgoing.media {
            let call = self.call(account, Method::POST, &["media"])?.raw(&image.mime, image.bytes.clone());
            let stored: Value = self.ask(call).await?.json().map_err(|_| unreadable())?;
            ids.push(stored.get("id").cloned().ok_or_else(unreadable)?);
        }
        Ok(json!({ "media": ids }))
    }

    async fn publish(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Outcome {
        let body = body(outgoing);
        let call = self
            .call(account, Method::POST, &["posts"])
            .and_then(|call| Ok(call.header("idempotency-key", outgoing.key.to_string()).json(body?)));
        let call = match call {
            Ok(call) => call,
            Err(failure) => return Outcome::Rejected(failure),
        };
        let answer = match self.http.send(call).await {
            Ok(answer) => answer,
            Err(error) => return failures::publish_without_answer(&error),
        };
        if failures::proves_refusal(answer.status) {
            return Outcome::Rejected(self.classify(answer.status, &answer.headers, &answer.body));
        }
        match answer.json::<Shown>() {
            Ok(post) if answer.ok() => failures::published(self.remote(account, &post), &answer, self.clock.now()),
            _ => Outcome::Unknown { evidence: format!("the sandbox answered {} to the post", answer.status) },
        }
    }

    /// The sandbox answers at once, so nothing is ever [`Outcome::Accepted`].
    async fn poll(&self, _: &NetworkAccount, _: &Value) -> Outcome {
        Outcome::Unknown { evidence: "the sandbox has no pending posts to ask about".into() }
    }

    /// Lists what the account posted since the message was written. That the last attempt can no longer arrive is the
    /// caller's knowledge: it asks only after lease, time-out and a margin.
    async fn reconcile(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Reconciled {
        let listed = self.posts_since(account, outgoing.written_at().plus_secs(-CLOCK_SLACK)).await;
        let (posts, more) = match listed {
            Ok(listed) => listed,
            Err(failure) => return Reconciled::Undecidable { evidence: failure.message },
        };
        let key = outgoing.key.to_string();
        let by_key = posts.iter().find(|post| post.client_key.as_ref() == Some(&key));
        let by_content = || posts.iter().find(|post| post.client_key.is_none() && looks_like(post, outgoing));
        match by_key.or_else(by_content) {
            Some(post) => Reconciled::Found(self.remote(account, post)),
            None if more => {
                Reconciled::Undecidable { evidence: "the account has too many posts to look through".into() }
            }
            None => Reconciled::ProvenAbsent,
        }
    }

    async fn delete(&self, account: &NetworkAccount, remote: &Remote) -> Result<(), Failure> {
        let answer = self.http.send(self.call(account, Method::DELETE, &["posts", &remote.id])?).await;
        if answer.as_ref().is_ok_and(|answer| answer.status == 404) {
            return Ok(());
        }
        self.judged(answer).map(|_| ())
    }

    async fn metrics(&self, account: &NetworkAccount, remotes: &[Remote]) -> Result<Vec<MetricSample>, Failure> {
        let mut samples = Vec::with_capacity(remotes.len() * METRICS.len());
        for remote in remotes {
            let answer = self.http.send(self.call(account, Method::GET, &["posts", &remote.id, "metrics"])?).await;
            // A post that is gone has no figures, which is not the same as none of anything.
            let gone = answer.as_ref().is_ok_and(|answer| answer.status == 404);
            let figures: Value =
                if gone { Value::Null } else { self.judged(answer)?.json().map_err(|_| unreadable())? };
            let as_of = self.clock.now();
            samples.extend(METRICS.map(|metric| MetricSample {
                remote_id: remote.id.clone(),
                metric: metric.into(),
                value: figures.get(metric).and_then(Value::as_i64),
                as_of,
            }));
        }
        Ok(samples)
    }

    fn classify(&self, status: u16, headers: &http::HeaderMap, body: &[u8]) -> Failure {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let kind = match status {
            401 => FailureKind::NeedsReconnect,
            409 => FailureKind::Duplicate,
            410 | 413 | 422 => FailureKind::Content,
            429 => FailureKind::RateLimited { until: failures::retry_at(headers, self.clock.now()) },
            408 | 500..=599 => FailureKind::Transient,
            _ => FailureKind::Bug,
        };
        let said = |path: &str| body.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let message = said("/error/details/0/message").or_else(|| said("/error/message"));
        Failure { kind, message: message.map_or_else(|| format!("the sandbox answered {status}"), failures::excerpt) }
    }
}

impl Sandbox {
    /// The account's posts, and whether there are more than the answer holds.
    async fn posts_since(&self, account: &NetworkAccount, since: Timestamp) -> Result<(Vec<Shown>, bool), Failure> {
        #[derive(Deserialize)]
        struct Listed {
            posts: Vec<Shown>,
            more: bool,
        }
        let call = self.call(account, Method::GET, &["accounts", &account.remote_id, "posts"])?;
        let call = call.query("since", &since.to_string()).max_bytes(32 * 1024 * 1024);
        let listed: Listed = self.ask(call).await?.json().map_err(|_| unreadable())?;
        Ok((listed.posts, listed.more))
    }
}

fn body(outgoing: &Outgoing) -> Result<Value, Failure> {
    let stored: Vec<&Value> = outgoing.prepared.get("media").and_then(Value::as_array).into_iter().flatten().collect();
    if stored.len() != outgoing.media.len() {
        return Err(Failure { kind: FailureKind::Bug, message: "the images were not uploaded before the post".into() });
    }
    let media: Vec<_> =
        outgoing.media.iter().zip(stored).map(|(image, id)| json!({ "id": id, "alt_text": image.alt_text })).collect();
    Ok(json!({
        "text": outgoing.text,
        "media": media,
        "reply_to": outgoing.parent.as_ref().map(|parent| parent.id.as_str()),
        "client_key": outgoing.key.to_string(),
    }))
}

/// For a server that keeps no keys: text, number of images and place in the thread.
fn looks_like(post: &Shown, outgoing: &Outgoing) -> bool {
    post.text == outgoing.text
        && post.media.len() == outgoing.media.len()
        && post.reply_to.as_deref() == outgoing.parent.as_ref().map(|parent| parent.id.as_str())
}
