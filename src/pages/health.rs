//! `/healthz`: whether the database answers, something publishes, and how long the oldest due post and the oldest mail
//! have been waiting; and whether documents are searched by meaning or by words alone.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    app::{App, publishing::presence::SILENT_AFTER_SECS},
    clients::embedder::Readiness,
    error::Result,
    model::knowledge::SearchMode,
    store::{dispatch, mail, workers},
};

/// A due post that waits longer than this means that publishing is stuck, in seconds.
const STUCK_AFTER_SECS: i64 = 120;

pub async fn show(State(app): State<Arc<App>>) -> Response {
    match look(&app).await {
        Ok((healthy, body)) => {
            let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            (status, Json(body)).into_response()
        }
        Err(error) => {
            let body = json!({ "status": "unhealthy", "database": { "ok": false, "problem": error.public().message } });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn look(app: &App) -> Result<(bool, serde_json::Value)> {
    app.db.ping().await?;
    let now = app.now();
    let mut tx = app.db.begin_beside().await?;
    let queue = dispatch::health(&mut tx, now).await?;
    let alive = workers::alive(&mut tx, now.plus_secs(-SILENT_AFTER_SECS)).await?;
    let mail = mail::health(&mut tx).await?;
    tx.finish_read();
    let waiting = queue.oldest_due.map(|due| now.millis_since(due) / 1000);
    let stuck = waiting.is_some_and(|seconds| seconds > STUCK_AFTER_SECS);
    let healthy = !alive.is_empty() && !stuck;
    let body = json!({
        "status": if healthy { "ok" } else { "unhealthy" },
        "database": { "ok": true },
        "workers": alive.iter().map(|worker| worker.kind.clone()).collect::<Vec<_>>(),
        "mail": {
            "server": app.settings.mail.is_some(),
            "waiting": mail.waiting,
            "oldest_seconds": mail.oldest.map(|since| now.millis_since(since) / 1000),
        },
        "knowledge": knowledge(app),
        "queue": { "overdue": queue.overdue, "under_way": queue.leased, "oldest_due_seconds": waiting },
    });
    Ok((healthy, body))
}

/// How documents are searched, and why not by meaning. Not being able to is no reason to be restarted.
fn knowledge(app: &App) -> serde_json::Value {
    let (mode, why) = match app.settings.embedder.readiness() {
        Readiness::Ready(_) => (SearchMode::Hybrid, None),
        Readiness::Fetching => (SearchMode::Keyword, Some("the embedding model is being fetched".to_owned())),
        Readiness::Missing { why } => (SearchMode::Keyword, Some(why)),
        Readiness::Off => (SearchMode::Keyword, Some("switched off by ALLIN_EMBEDDINGS".to_owned())),
    };
    json!({ "mode": mode, "why": why, "model_loaded": app.settings.embedder.is_loaded() })
}
