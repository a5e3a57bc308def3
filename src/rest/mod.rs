//! HTTP routes for programs beside `/mcp`.

mod assets;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::post};

use crate::{app::App, mcp::Keys, transport::require};

/// The routes, each behind a bearer key.
pub fn routes(app: Arc<App>, keys: Arc<Keys>) -> Router {
    let most = usize::try_from(app.settings.asset_bytes_max).unwrap_or(usize::MAX);
    Router::new()
        .route("/assets", post(assets::upload))
        .layer(middleware::from_fn_with_state(keys, require::<Keys>))
        .layer(DefaultBodyLimit::max(most))
        .with_state(app)
}
