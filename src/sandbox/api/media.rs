//! Images, taken in before the posts that show them.

use axum::{Json, body::Bytes, extract::State as Shared, http::StatusCode};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Refusal, Sandbox, SignedIn};
use crate::{
    error::Error,
    model::{media, sandbox as rules},
    sandbox::journal::{Event, Media},
};

/// `POST /v1/media`, the image as body → 201 `{id, mime, bytes, width, height}`. The same image gets the same id.
pub async fn store(
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
