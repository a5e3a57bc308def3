//! `POST /assets`: the bytes of an image or a video.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    app::{App, assets::add::AssetAdd, ctx::Ctx},
    mcp::Caller,
    transport::refuse,
};

#[derive(Deserialize)]
pub struct Told {
    alt_text: Option<String>,
    file_name: Option<String>,
}

/// The body is the image; `alt_text` and `file_name` come in the query.
pub async fn upload(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Query(told): Query<Told>,
    body: Bytes,
) -> Response {
    let ctx =
        Ctx { workspace: caller.workspace, actor: caller.actor, origin: caller.origin, request: app.new_request() };
    match app.call_once::<AssetAdd>(&ctx, AssetAdd::new(&body, told.file_name, told.alt_text)).await {
        Ok(added) => Json(added).into_response(),
        Err(error) => refuse(error),
    }
}
