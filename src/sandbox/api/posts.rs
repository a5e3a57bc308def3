//! Posts and their figures.

use axum::{
    Json,
    extract::{Path, State as Shared},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, Sandbox, SignedIn};
use crate::{
    model::{
        network_rules,
        networks::{DraftSegment, MediaFacts},
        sandbox::{self as rules, Mode, THREAD_MAX},
    },
    sandbox::{
        figures,
        journal::{Attached, Event, Journal, Post},
        random_name,
    },
};

#[derive(Deserialize)]
pub struct NewPost {
    pub text: String,
    #[serde(default)]
    pub media: Vec<Attached>,
    #[serde(default)]
    pub reply_to: Option<String>,
    #[serde(default)]
    pub client_key: Option<String>,
}

/// `POST /v1/posts {text, media[{id, alt_text}], reply_to?, client_key?}` → 201 with the post. In the mode `client_key`
/// the same key (header `Idempotency-Key`, else `client_key`) comes back as 200 with its first post; other modes keep no
/// key.
pub async fn create(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    headers: HeaderMap,
    Json(mut new): Json<NewPost>,
) -> Result<Response, Refusal> {
    sandbox.expects(&[Mode::ClientKey, Mode::Lookup, Mode::LookupDelayed, Mode::Neither])?;
    sandbox.take_time().await;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned).or(new.client_key);
    new.client_key = key.filter(|_| sandbox.mode() == Mode::ClientKey);
    let mut journal = sandbox.journal();
    if let Some(key) = new.client_key.as_deref()
        && let Some(first) = journal.state.post_with_key(&account_id, key).cloned()
    {
        return repeated(&mut journal, &first, new.client_key);
    }
    let post = new_post(&journal, account_id, new);
    accept(&sandbox, &mut journal, post)
}

/// `PUT /v1/posts/{id}`, body as for `POST` without a key → 201, or 200 when it is there already. The caller chooses the
/// id.
pub async fn put(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    Path(id): Path<String>,
    Json(new): Json<NewPost>,
) -> Result<Response, Refusal> {
    sandbox.expects(&[Mode::DeterministicId])?;
    let fits = (8..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !fits {
        let message = "An id has 8 to 64 of the letters a to z, digits and `-`.";
        return Err(Refusal::invalid("id_invalid", message, Vec::new()));
    }
    sandbox.take_time().await;
    let mut journal = sandbox.journal();
    if let Some(first) = journal.state.post(&id).cloned() {
        if first.account_id != account_id {
            return Err(Refusal::of_another());
        }
        return repeated(&mut journal, &first, None);
    }
    let post = Post { id, client_key: None, ..new_post(&journal, account_id, new) };
    accept(&sandbox, &mut journal, post)
}

/// Made its post before.
fn repeated(journal: &mut Journal, first: &Post, client_key: Option<String>) -> Result<Response, Refusal> {
    if first.deleted {
        return Err(Refusal::new(StatusCode::GONE, "post_deleted", "This post was deleted meanwhile."));
    }
    journal.record(Event::PostRepeated { post_id: first.id.clone(), client_key })?;
    Ok(Json(shown(journal, first, true)).into_response())
}

pub fn new_post(journal: &Journal, account_id: String, new: NewPost) -> Post {
    Post {
        id: format!("post-{}", random_name(8)),
        account_id,
        text: new.text,
        media: new.media,
        reply_to: new.reply_to,
        client_key: new.client_key,
        upload_id: None,
        created_at: journal.now(),
        deleted: false,
    }
}

/// Makes it public.
pub fn accept(sandbox: &Sandbox, journal: &mut Journal, post: Post) -> Result<Response, Refusal> {
    check(journal, &post)?;
    if sandbox.refuses_repeats() && journal.state.says(&post.account_id, &post.text) {
        return Err(Refusal::new(StatusCode::CONFLICT, "duplicate", "The same text is there already."));
    }
    journal.record(Event::PostCreated { post: post.clone() })?;
    Ok((StatusCode::CREATED, Json(shown(journal, &post, true))).into_response())
}

/// The rules that the draft check knows, and the two that only the server can judge.
pub fn check(journal: &Journal, post: &Post) -> Result<(), Refusal> {
    let mut facts = Vec::new();
    for attached in &post.media {
        let stored = journal.state.media.get(&attached.id).filter(|media| media.account_id == post.account_id);
        let stored = stored.ok_or_else(|| {
            Refusal::invalid("media_missing", "An image was not uploaded to this account.", Vec::new())
        })?;
        facts.push(MediaFacts {
            mime: stored.mime.clone(),
            bytes: stored.bytes,
            width: stored.width,
            height: stored.height,
            alt_text: attached.alt_text.clone(),
            video: None,
        });
    }
    let segment = DraftSegment { text: post.text.clone(), media: facts };
    let broken = network_rules::violations(&rules::capabilities(Mode::default()), &[segment]);
    if !broken.is_empty() {
        return Err(Refusal::invalid("post_invalid", "The post breaks a rule of the sandbox.", broken));
    }
    if let Some(parent) = &post.reply_to {
        journal
            .state
            .post(parent)
            .filter(|parent| !parent.deleted)
            .ok_or_else(|| Refusal::invalid("parent_missing", "The post to reply to does not exist.", Vec::new()))?;
        if journal.state.depth(post) >= THREAD_MAX as usize {
            return Err(Refusal::invalid(
                "thread_too_long",
                format!("A thread has at most {THREAD_MAX} messages."),
                Vec::new(),
            ));
        }
    }
    Ok(())
}

/// `GET /v1/posts/{id}` → the post.
pub async fn read(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let reader = SignedIn::read(&headers, &sandbox);
    let journal = sandbox.journal();
    let post = living(&journal, &id)?;
    let own = reader.is_some_and(|reader| reader.0 == post.account_id);
    Ok(Json(shown(&journal, post, own)))
}

#[derive(Deserialize)]
pub struct Change {
    text: String,
}

/// `PATCH /v1/posts/{id} {text}` → the post with that text; images stay. The same text again changes nothing more.
pub async fn edit(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    Path(id): Path<String>,
    Json(change): Json<Change>,
) -> Result<Json<Value>, Refusal> {
    sandbox.take_time().await;
    let mut journal = sandbox.journal();
    let post = living(&journal, &id)?.clone();
    if post.account_id != account_id {
        return Err(Refusal::of_another());
    }
    let changed = Post { text: change.text, ..post.clone() };
    check(&journal, &changed)?;
    if changed.text != post.text {
        journal.record(Event::PostEdited { post_id: id, text: changed.text.clone() })?;
    }
    Ok(Json(shown(&journal, &changed, true)))
}

/// `DELETE /v1/posts/{id}` → 204, also when it is gone already.
pub async fn delete(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let mut journal = sandbox.journal();
    let Some(post) = journal.state.post(&id) else { return Err(Refusal::not_found("post")) };
    if post.account_id != account_id {
        return Err(Refusal::of_another());
    }
    if !post.deleted {
        journal.record(Event::PostDeleted { post_id: id })?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/posts/{id}/metrics` → `{impressions, reach, likes, reposts, replies, as_of, invented}`. Replies are counted;
/// the names in `invented` are made up from the post's id and age.
pub async fn metrics(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let journal = sandbox.journal();
    let post = living(&journal, &id)?;
    let now = journal.now();
    let made_up = figures::invent(&id, now.millis_since(post.created_at) / 1000);
    Ok(Json(json!({
        "impressions": made_up.impressions,
        "reach": made_up.reach,
        "likes": made_up.likes,
        "reposts": made_up.reposts,
        "replies": journal.state.replies(&id),
        "as_of": now,
        "invented": ["impressions", "reach", "likes", "reposts"],
    })))
}

fn living<'a>(journal: &'a Journal, id: &str) -> Result<&'a Post, Refusal> {
    journal.state.post(id).filter(|post| !post.deleted).ok_or_else(|| Refusal::not_found("post"))
}

pub fn shown(journal: &Journal, post: &Post, own: bool) -> Value {
    let handle =
        journal.state.accounts.get(&post.account_id).map(|account| account.handle.as_str()).unwrap_or_default();
    let mut shown = json!({
        "id": post.id,
        "account_id": post.account_id,
        "handle": handle,
        "text": post.text,
        "media": post.media,
        "reply_to": post.reply_to,
        "created_at": post.created_at,
        "path": format!("/@{handle}#{}", post.id),
    });
    if own && let Some(shown) = shown.as_object_mut() {
        shown.insert("client_key".into(), post.client_key.as_deref().into());
    }
    shown
}
