//! Posts in two steps: an upload that holds everything, and its publication. Between them, and after a lost answer, the
//! upload can be asked what became of it, and closed so that nothing becomes of it any more.

use axum::{
    Json,
    extract::{Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Refusal, Sandbox, SignedIn,
    posts::{NewPost, accept, check, new_post, shown},
};
use crate::{
    model::sandbox::Mode,
    sandbox::{
        journal::{Event, Journal, Upload, UploadState},
        random_name,
    },
};

/// `POST /v1/uploads {text, media, reply_to?}` → 201 `{id, state}`. Nothing is public.
pub async fn open(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    Json(new): Json<NewPost>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    sandbox.expects(&[Mode::ResumableHandle])?;
    let mut journal = sandbox.journal();
    let post = new_post(&journal, account_id, new);
    check(&journal, &post)?;
    let id = format!("upload-{}", random_name(8));
    let upload =
        Upload { id, account_id: post.account_id, text: post.text, media: post.media, reply_to: post.reply_to };
    let answer = json!({ "id": upload.id, "state": "open" });
    journal.record(Event::UploadOpened { upload })?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `GET /v1/uploads/{id}` → `{id, state, post?}`; the state is `open`, `published` or `closed`.
pub async fn read(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let journal = sandbox.journal();
    let (_, state) = own(&journal, &account_id, &id)?;
    Ok(Json(described(&journal, &id, &state)))
}

/// `POST /v1/uploads/{id}/publish` → 201 with the post, or 200 with the post that it became before.
pub async fn publish(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    sandbox.take_time().await;
    let mut journal = sandbox.journal();
    let (upload, state) = own(&journal, &account_id, &id)?;
    match state {
        UploadState::Open => {
            let new = NewPost { text: upload.text, media: upload.media, reply_to: upload.reply_to, client_key: None };
            let mut post = new_post(&journal, account_id, new);
            post.upload_id = Some(id);
            accept(&sandbox, &mut journal, post)
        }
        UploadState::Published(post_id) => {
            journal.record(Event::PostRepeated { post_id: post_id.clone(), client_key: None })?;
            let post = journal.state.post(&post_id).ok_or_else(|| Refusal::not_found("post"))?;
            Ok(Json(shown(&journal, post, true)).into_response())
        }
        UploadState::Closed => Err(Refusal::new(StatusCode::GONE, "upload_closed", "This upload was closed.")),
    }
}

/// `DELETE /v1/uploads/{id}` → 204: it will never be published; 409 with its post when it is already.
pub async fn close(
    Shared(sandbox): Shared<Sandbox>,
    SignedIn(account_id): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let mut journal = sandbox.journal();
    let (_, state) = own(&journal, &account_id, &id)?;
    match state {
        UploadState::Published(_) => Ok((StatusCode::CONFLICT, Json(described(&journal, &id, &state))).into_response()),
        UploadState::Open => {
            journal.record(Event::UploadClosed { upload_id: id })?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        UploadState::Closed => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn own(journal: &Journal, account_id: &str, id: &str) -> Result<(Upload, UploadState), Refusal> {
    let found = journal.state.uploads.get(id).filter(|(upload, _)| upload.account_id == account_id);
    found.cloned().ok_or_else(|| Refusal::not_found("upload"))
}

fn described(journal: &Journal, id: &str, state: &UploadState) -> Value {
    let name = match state {
        UploadState::Open => "open",
        UploadState::Published(_) => "published",
        UploadState::Closed => "closed",
    };
    let post = match state {
        UploadState::Published(post) => journal.state.post(post).map(|post| shown(journal, post, true)),
        _ => None,
    };
    json!({ "id": id, "state": name, "post": post })
}
