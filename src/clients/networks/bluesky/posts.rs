//! Posts as records: uploading, writing, finding and deleting them. Knows nothing of signing in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    super::{
        Failure, FailureKind, Network as _, NetworkAccount, Outcome, Outgoing, Reconciled, Remote, SendBy, Sighting,
        failures,
    },
    Bluesky,
    answers::{self, Refusal},
    endpoint,
    sessions::Session,
};
use crate::{
    clients::http::{Answer, Call, HttpError},
    model::{
        bluesky::{self, POSTS},
        facets::{self, Feature},
    },
};

/// What is done before the visible step.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Prepared {
    /// As the server answered them, in the order of the images.
    pub blobs: Vec<Value>,
    /// Handle to DID; a handle that leads nowhere is missing and stays plain text.
    pub mentions: BTreeMap<String, String>,
}

impl Bluesky {
    pub(super) async fn prepare_post(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Value, Failure> {
        let session = Session::of(account)?;
        let mut prepared = Prepared::default();
        for image in &outgoing.media {
            let url = endpoint(&account.base_url, "com.atproto.repo.uploadBlob");
            let call = Call::post(url).bearer(session.access_jwt.clone()).raw(&image.mime, image.bytes.clone());
            let body = self.body(self.http.send(call).await)?;
            prepared.blobs.push(body.get("blob").cloned().ok_or_else(answers::unreadable)?);
        }
        for facet in facets::detect(&outgoing.text) {
            if let Feature::Mention { handle } = facet.feature
                && !prepared.mentions.contains_key(&handle)
                && let Some(did) = self.resolve(account, &session, &handle).await?
            {
                prepared.mentions.insert(handle, did);
            }
        }
        serde_json::to_value(prepared).map_err(|_| bug("what was prepared cannot be written down"))
    }

    async fn resolve(
        &self,
        account: &NetworkAccount,
        session: &Session,
        handle: &str,
    ) -> Result<Option<String>, Failure> {
        let token = Some(session.access_jwt.clone());
        let answer =
            self.query(&account.base_url, "com.atproto.identity.resolveHandle", &[("handle", handle)], token).await;
        let answered = answer.is_ok();
        match self.body(answer) {
            Ok(body) => Ok(body.get("did").and_then(Value::as_str).map(str::to_owned)),
            // 400 InvalidRequest "Unable to resolve handle"; the lexicon also names HandleNotFound.
            Err(Failure { kind: FailureKind::Content | FailureKind::Bug, .. }) => Ok(None),
            // Whoever is mentioned may be anywhere, and the server answers with the trouble of the place that it asked.
            Err(Failure { kind: FailureKind::Transient, message }) if answered => {
                Err(Failure { kind: FailureKind::Delayed, message })
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn put_post(&self, account: &NetworkAccount, outgoing: &Outgoing, send_by: &SendBy) -> Outcome {
        let ready = Session::of(account).and_then(|session| Ok((session, body(&account.remote_id, outgoing)?)));
        let (session, body) = match ready {
            Ok(ready) => ready,
            Err(failure) => return Outcome::Rejected(failure),
        };
        // putRecord, not createRecord: the same record written again is the same record, and no error.
        let call = Call::post(endpoint(&account.base_url, "com.atproto.repo.putRecord"));
        let call = call.json(body).bearer(session.access_jwt).send_by(send_by);
        let answer = match self.http.send(call).await {
            Ok(answer) => answer,
            Err(error) => return failures::publish_without_answer(&error),
        };
        if failures::proves_refusal(answer.status) {
            return Outcome::Rejected(answers::classify(
                answer.status,
                &answer.headers,
                &answer.body,
                self.clock.now(),
            ));
        }
        match written(&answer).and_then(|written| written.remote(account)) {
            Some(remote) if answer.ok() => failures::published(remote, &answer, self.clock.now()),
            _ => Outcome::Unknown { evidence: format!("the server answered {} to the post", answer.status) },
        }
    }

    /// Asks for the record by its key. Needs no token, so that it works while an account is disconnected.
    pub(super) async fn find_post(&self, account: &NetworkAccount, outgoing: &Outgoing) -> Result<Reconciled, Failure> {
        let answer = self.get_record(account, &bluesky::record_key(outgoing.key)).await;
        let answer = answer.map_err(|error| failures::no_answer(&error))?;
        if answer.status == 400 && Refusal::read(&answer.body).error == "RecordNotFound" {
            return Ok(Reconciled::ProvenAbsent);
        }
        if !answer.ok() {
            return Err(self.classify(answer.status, &answer.headers, &answer.body));
        }
        // The date may differ: after a restore nobody knows when it was sent.
        let ours = says(&answer, &outgoing.text);
        match written(&answer).and_then(|written| written.remote(account)) {
            Some(remote) if ours => Ok(Reconciled::Found(remote)),
            Some(_) => {
                Ok(Reconciled::Undecidable { evidence: "another post lies under this post's record key".into() })
            }
            None => Err(answers::unreadable()),
        }
    }

    async fn get_record(&self, account: &NetworkAccount, key: &str) -> Result<Answer, HttpError> {
        let parameters = [("repo", account.remote_id.as_str()), ("collection", POSTS), ("rkey", key)];
        self.query(&account.base_url, "com.atproto.repo.getRecord", &parameters, None).await
    }

    /// `at://…/app.bsky.feed.post/KEY`, `https://bsky.app/profile/…/post/KEY`, or the key: whoever wrote it, it is looked
    /// for in the account's own repository.
    pub(super) async fn find_at(
        &self,
        account: &NetworkAccount,
        outgoing: &Outgoing,
        place: &str,
    ) -> Result<Sighting, Failure> {
        let key = place.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let answer = self.get_record(account, key).await.map_err(|error| failures::no_answer(&error))?;
        // In the protocol's own form; any other refusal is a proxy's.
        if answer.status == 400 && !Refusal::read(&answer.body).error.is_empty() {
            let why = format!("@{} has no such post", account.handle);
            return Ok(Sighting::NotThere { why });
        }
        if !answer.ok() {
            return Err(answers::classify(answer.status, &answer.headers, &answer.body, self.clock.now()));
        }
        let remote = written(&answer).and_then(|written| written.remote(account)).ok_or_else(answers::unreadable)?;
        Ok(match says(&answer, &outgoing.text) {
            true => Sighting::There(remote),
            false => Sighting::NotThere { why: "that post says something else".into() },
        })
    }

    pub(super) async fn delete_post(&self, account: &NetworkAccount, remote: &Remote) -> Result<(), Failure> {
        let session = Session::of(account)?;
        let key = match bluesky::parse_post_uri(&remote.id) {
            Some((did, key)) if did == account.remote_id => key,
            _ => return Err(bug("this is no post of the account")),
        };
        let body = json!({ "repo": account.remote_id, "collection": POSTS, "rkey": key });
        let answer =
            self.procedure(&account.base_url, "com.atproto.repo.deleteRecord", body, Some(session.access_jwt)).await;
        self.body(answer).map(|_| ())
    }
}

/// The address of a written record.
#[derive(Deserialize)]
struct Written {
    uri: String,
    cid: String,
}

/// Whether the record of a `getRecord` answer has this text.
fn says(answer: &Answer, text: &str) -> bool {
    let found = answer.json::<Value>().unwrap_or_default();
    found.pointer("/value/text").and_then(Value::as_str) == Some(text)
}

fn written(answer: &Answer) -> Option<Written> {
    answer.json().ok()
}

impl Written {
    fn remote(self, account: &NetworkAccount) -> Option<Remote> {
        let (_, key) = bluesky::parse_post_uri(&self.uri)?;
        let url = Some(bluesky::post_page(&account.handle, key));
        Some(Remote { detail: json!({ "cid": self.cid }), url, id: self.uri })
    }
}

/// The input of putRecord.
pub fn body(owner: &str, outgoing: &Outgoing) -> Result<Value, Failure> {
    let key = bluesky::record_key(outgoing.key);
    Ok(json!({ "repo": owner, "collection": POSTS, "rkey": key, "record": record(outgoing)? }))
}

/// The record of a post: the same bytes for every attempt that finds what was prepared. After a refusal, and when a look-up found
/// nothing, images and mentions are prepared anew and may differ. Languages are left out: nobody stated them.
pub fn record(outgoing: &Outgoing) -> Result<Value, Failure> {
    let prepared: Prepared = match &outgoing.prepared {
        Value::Null => Prepared::default(),
        prepared => Prepared::deserialize(prepared).map_err(|_| bug("what was prepared cannot be read"))?,
    };
    if prepared.blobs.len() != outgoing.media.len() {
        return Err(bug("the images were not uploaded before the post"));
    }
    let mut record = Map::new();
    record.insert("$type".into(), POSTS.into());
    record.insert("text".into(), outgoing.text.as_str().into());
    record.insert("createdAt".into(), bluesky::record_time(outgoing.created_at).into());
    let facets = facets(&outgoing.text, &prepared);
    if !facets.is_empty() {
        record.insert("facets".into(), facets.into());
    }
    if !outgoing.media.is_empty() {
        let images = outgoing.media.iter().zip(&prepared.blobs).map(|(image, blob)| {
            json!({ "image": blob, "alt": image.alt_text, "aspectRatio": { "width": image.width, "height": image.height } })
        });
        record
            .insert("embed".into(), json!({ "$type": "app.bsky.embed.images", "images": images.collect::<Vec<_>>() }));
    }
    if let Some(parent) = &outgoing.parent {
        let root = outgoing.root.as_ref().unwrap_or(parent);
        record.insert("reply".into(), json!({ "root": strong_ref(root)?, "parent": strong_ref(parent)? }));
    }
    Ok(record.into())
}

fn facets(text: &str, prepared: &Prepared) -> Vec<Value> {
    let marked = facets::detect(text).into_iter().filter_map(|facet| {
        let feature = match facet.feature {
            Feature::Link { uri } => json!({ "$type": "app.bsky.richtext.facet#link", "uri": uri }),
            Feature::Tag { tag } => json!({ "$type": "app.bsky.richtext.facet#tag", "tag": tag }),
            Feature::Mention { handle } => {
                let did = prepared.mentions.get(&handle)?;
                json!({ "$type": "app.bsky.richtext.facet#mention", "did": did })
            }
        };
        let index = json!({ "byteStart": facet.range.start, "byteEnd": facet.range.end });
        Some(json!({ "index": index, "features": [feature] }))
    });
    marked.collect()
}

fn strong_ref(remote: &Remote) -> Result<Value, Failure> {
    let cid =
        remote.detail.get("cid").and_then(Value::as_str).ok_or_else(|| bug("a message of the thread has no CID"))?;
    Ok(json!({ "uri": remote.id, "cid": cid }))
}

fn bug(message: &str) -> Failure {
    Failure { kind: FailureKind::Bug, message: message.into() }
}
