//! Images, posts and their figures.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State as Shared},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Refusal, Sandbox, SignedIn};
use crate::{
    clock::Timestamp,
    error::Error,
    model::{
        media, network_rules,
        networks::{DraftSegment, MediaFacts},
        sandbox::{self as rules, THREAD_MAX},
    },
    sandbox::{
        figures,
        journal::{Attached, Event, Journal, Media, Post},
        random_name,
    },
};

/// Posts in one answer.
const LIST_MAX: usize = 1000;

#[derive(Deserialize)]
pub struct NewPost {
    text: String,
    #[serde(default)]
    media: Vec<Attached>,
    #[serde(default)]
    reply_to: Option<String>,
    #[serde(default)]
    client_key: Option<String>,
}

#[derive(Deserialize)]
pub struct Filter {
    since: Option<Timestamp>,
    client_key: Option<String>,
}

/// `POST /v1/media`, the image as body → 201 `{id, mime, bytes, width, height}`. The same image gets the same id.
pub async fn store_media(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    if body.len() as u64 > rules::IMAGE_BYTES_MAX {
        let message = format!("An image may have {} bytes.", rules::IMAGE_BYTES_MAX);
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "media_too_large", message));
    }
    let facts = media::probe(&body).map_err(|error| Refusal::invalid(error.code(), error.message(), Vec::new()))?;
    let name = Sha256::new().chain_update(&account_id).chain_update([0]).chain_update(&body).finalize();
    let id = HEXLOWER.encode(name.get(..16).unwrap_or(&name));
    let path = sandbox.journal().media_path(&id);
    tokio::fs::write(path, &body).await.map_err(Error::internal)?;
    let (mime, bytes) = (facts.mime.to_owned(), facts.bytes);
    let stored = Media { id, account_id, mime, bytes, width: facts.width, height: facts.height };
    let answer = Json(
        json!({ "id": stored.id, "mime": stored.mime, "bytes": stored.bytes, "width": stored.width, "height": stored.height }),
    );
    sandbox.journal().record(Event::MediaStored { media: stored })?;
    Ok((StatusCode::CREATED, answer))
}

/// `POST /v1/posts {text, media[{id, alt_text}], reply_to?, client_key?}` → 201 with the post, or 200 with the first
/// post of the same key (header `Idempotency-Key`, else `client_key`) unless the sandbox runs without deduplication.
pub async fn create(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    headers: HeaderMap,
    Json(new): Json<NewPost>,
) -> Result<Response, Refusal> {
    sandbox.take_time().await;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned).or(new.client_key);
    let mut journal = sandbox.journal();
    if let Some(key) = key.as_deref().filter(|_| sandbox.dedupe())
        && let Some(first) = journal.state.post_with_key(&account_id, key).cloned()
    {
        if first.deleted {
            return Err(Refusal::new(
                StatusCode::GONE,
                "post_deleted",
                "The post with this key was deleted meanwhile.",
            ));
        }
        journal.record(Event::PostRepeated { post_id: first.id.clone(), client_key: key.to_owned() })?;
        return Ok(Json(shown(&journal, &first, true)).into_response());
    }
    let post = Post {
        id: format!("post-{}", random_name(8)),
        account_id,
        text: new.text,
        media: new.media,
        reply_to: new.reply_to,
        client_key: key,
        created_at: journal.now(),
        deleted: false,
    };
    check(&journal, &post)?;
    journal.record(Event::PostCreated { post: post.clone() })?;
    Ok((StatusCode::CREATED, Json(shown(&journal, &post, true))).into_response())
}

/// The rules that the draft check knows, and the two that only the server can judge.
fn check(journal: &Journal, post: &Post) -> Result<(), Refusal> {
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
    let broken = network_rules::violations(&rules::capabilities(), &[segment]);
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

/// `GET /v1/accounts/{id}/posts?since=&client_key=` → `{posts, more}`, oldest first, deleted ones left out. The keys are
/// shown to their owner only.
pub async fn list(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Refusal> {
    let own = SignedIn::read(&headers, &sandbox).is_some_and(|reader| reader.0 == id);
    let journal = sandbox.journal();
    if !journal.state.accounts.contains_key(&id) {
        return Err(Refusal::not_found("account"));
    }
    let wanted = |post: &&Post| {
        post.account_id == id
            && !post.deleted
            && filter.since.is_none_or(|since| post.created_at >= since)
            && filter.client_key.as_ref().is_none_or(|key| own && post.client_key.as_ref() == Some(key))
    };
    let mut found = journal.state.posts.iter().filter(wanted);
    let posts: Vec<_> = found.by_ref().take(LIST_MAX).map(|post| shown(&journal, post, own)).collect();
    Ok(Json(json!({ "posts": posts, "more": found.next().is_some() })))
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
        return Err(Refusal::new(StatusCode::FORBIDDEN, "post_of_another", "This post belongs to another account."));
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
        return Err(Refusal::new(StatusCode::FORBIDDEN, "post_of_another", "This post belongs to another account."));
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

fn shown(journal: &Journal, post: &Post, own: bool) -> Value {
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
