//! Bluesky and every other AT Protocol server. A post's record key is derived from the segment, so that sending again
//! writes the same record. Decides no retry.

mod answers;
mod figures;
mod foreseen;
mod posts;
mod sessions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::{
    AccountSample, ConnectForm, Connected, Credentials, Failure, Foreseen, Health, MetricSample, Network,
    NetworkAccount, Outcome, Outgoing, Reconciled, Remote, Search, SendBy, Sighting, failures,
};
use crate::{
    clients::http::{Answer, Call, Http, HttpError},
    clock::Clock,
    error::Result,
    model::{
        bluesky, network_rules,
        networks::{Capabilities, DraftSegment, NetworkId, Violation},
    },
};

/// The adapter. Holds no account.
pub struct Bluesky {
    http: Http,
    clock: Arc<dyn Clock>,
}

impl Bluesky {
    pub fn new(http: Http, clock: Arc<dyn Clock>) -> Self {
        Self { http, clock }
    }

    /// Asks a query; parameters are percent-encoded here.
    async fn query(
        &self,
        base: &Url,
        method: &str,
        parameters: &[(&str, &str)],
        token: Option<SecretString>,
    ) -> Result<Answer, HttpError> {
        let mut url = endpoint(base, method);
        url.query_pairs_mut().extend_pairs(parameters);
        self.http.send(with_token(Call::get(url), token)).await
    }

    /// Calls a procedure with a JSON body, or with none where the body is `Null`.
    async fn procedure(
        &self,
        base: &Url,
        method: &str,
        body: Value,
        token: Option<SecretString>,
    ) -> Result<Answer, HttpError> {
        let call = with_token(Call::new(Method::POST, endpoint(base, method)), token);
        self.http.send(if body.is_null() { call } else { call.json(body) }).await
    }

    /// The answer's body, or the failure that the answer or its absence means.
    fn body(&self, answer: Result<Answer, HttpError>) -> Result<Value, Failure> {
        let answer = answer.map_err(|error| failures::no_answer(&error))?;
        if !answer.ok() {
            return Err(self.classify(answer.status, &answer.headers, &answer.body));
        }
        answer.json().map_err(|_| answers::unreadable())
    }
}

fn endpoint(base: &Url, method: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("/xrpc/{method}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn with_token(call: Call, token: Option<SecretString>) -> Call {
    match token {
        Some(token) => call.bearer(token),
        None => call,
    }
}

#[async_trait]
impl Network for Bluesky {
    fn id(&self) -> NetworkId {
        NetworkId::Bluesky
    }

    fn capabilities(&self) -> Capabilities {
        bluesky::capabilities()
    }

    fn validate(&self, segments: &[DraftSegment]) -> Vec<Violation> {
        network_rules::violations(&self.capabilities(), segments)
    }

    async fn connect(&self, form: ConnectForm) -> Result<Connected> {
        self.open_session(form).await
    }

    async fn refresh(&self, account: &NetworkAccount) -> Result<Credentials, Failure> {
        self.renew_session(account).await
    }

    async fn check(&self, account: &NetworkAccount) -> Result<Health, Failure> {
        self.read_session(account).await
    }

    async fn prepare(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Value, Failure> {
        self.prepare_post(account, outgoing).await
    }

    fn body(&self, owner: &str, outgoing: &Outgoing) -> Result<Value, Failure> {
        posts::body(owner, outgoing)
    }

    fn foresee(&self, owner: &str, outgoing: &Outgoing) -> Foreseen {
        foreseen::foresee(owner, outgoing)
    }

    async fn publish(&self, account: &NetworkAccount, outgoing: &Outgoing, send_by: &SendBy) -> Outcome {
        self.put_post(account, outgoing, send_by).await
    }

    /// Bluesky answers at once, so nothing is ever [`Outcome::Accepted`].
    async fn poll(&self, _: &NetworkAccount, _: &Value) -> Outcome {
        Outcome::Unknown { evidence: "Bluesky has no pending posts to ask about".into() }
    }

    async fn reconcile(
        &self,
        account: &NetworkAccount,
        outgoing: &Outgoing,
        _: &Search,
    ) -> Result<Reconciled, Failure> {
        self.find_post(account, outgoing).await
    }

    /// Records are public.
    fn tells_anybody(&self) -> bool {
        true
    }

    async fn find(&self, account: &NetworkAccount, outgoing: &Outgoing, place: &str) -> Result<Sighting, Failure> {
        self.find_at(account, outgoing, place).await
    }

    async fn delete(&self, account: &NetworkAccount, remote: &Remote) -> Result<(), Failure> {
        self.delete_post(account, remote).await
    }

    async fn metrics(&self, account: &NetworkAccount, remotes: &[Remote]) -> Result<Vec<MetricSample>, Failure> {
        self.read_figures(account, remotes).await
    }

    async fn account_metrics(&self, account: &NetworkAccount) -> Result<Vec<AccountSample>, Failure> {
        self.read_profile(account).await
    }

    fn classify(&self, status: u16, headers: &http::HeaderMap, body: &[u8]) -> Failure {
        answers::classify(status, headers, body, self.clock.now())
    }
}
