//! Sending to the sandbox, in the way of each mode: what is prepared, and the one visible call.

use http::Method;
use serde_json::{Value, json};

use super::{
    super::{Failure, FailureKind, Network as _, NetworkAccount, Outcome, Outgoing, Remote, SendBy, failures},
    Sandbox, Shown, body, unreadable,
};
use crate::{clients::http::Call, model::sandbox::Mode};

impl Sandbox {
    /// Uploads the images; where a post has a handle, makes it.
    pub(super) async fn prepare_post(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Value, Failure> {
        let mut ids = Vec::new();
        for image in &outgoing.media {
            let call = self.call(account, Method::POST, &["media"])?.raw(&image.mime, image.bytes.clone());
            ids.push(self.id(call).await?);
        }
        let mut prepared = json!({ "media": ids });
        if self.session(account)?.manners.mode == Mode::ResumableHandle {
            let ready = Outgoing { prepared: prepared.clone(), ..outgoing.clone() };
            let call = self.call(account, Method::POST, &["uploads"])?.json(body::of(&ready)?);
            let upload = self.id(call).await?;
            if let Some(prepared) = prepared.as_object_mut() {
                prepared.insert("upload".into(), upload);
            }
        }
        Ok(prepared)
    }

    async fn id(&self, call: Call) -> Result<Value, Failure> {
        let made: Value = self.ask(call).await?.json().map_err(|_| unreadable())?;
        made.get("id").cloned().ok_or_else(unreadable)
    }

    pub(super) async fn send_post(&self, account: &NetworkAccount, outgoing: &Outgoing, send_by: &SendBy) -> Outcome {
        self.send_visibly(account, self.visible_call(account, outgoing), send_by).await
    }

    pub(super) async fn change_post(
        &self,
        account: &NetworkAccount,
        remote: &Remote,
        outgoing: &Outgoing,
        send_by: &SendBy,
    ) -> Outcome {
        let call = self.call(account, Method::PATCH, &["posts", &remote.id]);
        let call = call.map(|call| call.json(json!({ "text": outgoing.text })));
        self.send_visibly(account, call, send_by).await
    }

    /// What the answer proves of a call that makes a post or changes one.
    async fn send_visibly(&self, account: &NetworkAccount, call: Result<Call, Failure>, send_by: &SendBy) -> Outcome {
        let call = match call {
            Ok(call) => call.send_by(send_by),
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
            _ => Outcome::Unknown { evidence: format!("the sandbox answered {} to the call", answer.status) },
        }
    }

    fn visible_call(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Call, Failure> {
        let key = outgoing.key.to_string();
        Ok(match self.session(account)?.manners.mode {
            Mode::ClientKey => {
                self.call(account, Method::POST, &["posts"])?.header("idempotency-key", key).json(body::of(outgoing)?)
            }
            Mode::DeterministicId => {
                self.call(account, Method::PUT, &["posts", &chosen_id(outgoing)])?.json(body::of(outgoing)?)
            }
            Mode::ResumableHandle => {
                let upload = upload(outgoing).ok_or_else(|| bug("the upload was not made before the post"))?;
                self.call(account, Method::POST, &["uploads", upload, "publish"])?.json(json!({}))
            }
            Mode::Lookup | Mode::LookupDelayed | Mode::Neither => {
                self.call(account, Method::POST, &["posts"])?.json(body::of(outgoing)?)
            }
        })
    }
}

/// The id that a post gets where the caller chooses it.
pub(super) fn chosen_id(outgoing: &Outgoing) -> String {
    format!("post-{}", outgoing.key.simple())
}

/// The handle that was prepared.
pub(super) fn upload(outgoing: &Outgoing) -> Option<&str> {
    outgoing.prepared.get("upload").and_then(Value::as_str)
}

fn bug(message: &str) -> Failure {
    Failure { kind: FailureKind::Bug, message: message.into() }
}
