//! Server-rendered pages for people. No script, a strict content security policy, and nothing that changes on GET.

mod calendar;
mod connect;
mod health;
mod join;
mod review;
mod review_post;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::{app::App, model::markup::escape};

/// The pages of a process: connecting accounts, joining, the calendar, reviews, and its health.
pub fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/calendar", get(calendar::show))
        .route("/connect/{token}", get(connect::show).post(connect::submit))
        .route("/review/{token}", get(review::show).post(review::submit))
        .route("/review/{token}/media/{asset}", get(review::media))
        .route("/join/{token}", get(join::show).post(join::submit))
        .route("/healthz", get(health::show))
        .with_state(app)
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;\
background:#fff}main{overflow-wrap:anywhere}label{display:block;margin:1rem 0 .25rem;font-weight:600}input{font:inherit;width:100%;box-sizing:border-box;\
padding:.6rem;border:1px solid #767676;border-radius:.4rem}button{font:inherit;font-weight:600;margin-top:1.5rem;padding:.7rem \
1.4rem;border:0;border-radius:.4rem;background:#0b57d0;color:#fff}.problem{border-left:.3rem solid #b3261e;padding:.2rem 1rem;\
background:#fceeee}.hint{color:#555;font-size:.9rem}@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}\
input{background:#222;color:#eee}.hint{color:#aaa}.problem{background:#3a1d1b}button{background:#a8c7fa;color:#062e6f}}";

/// A whole page. `body` is markup; texts of others in it must have gone through [`escape`].
fn page(status: StatusCode, title: &str, body: &str) -> Response {
    styled(status, title, "", body)
}

/// A page with rules of its own beside the common ones.
fn styled(status: StatusCode, title: &str, style: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title} · AllIN</title>\
         <style>{STYLE}{style}</style></head><body><main>{body}</main></body></html>",
        title = escape(title)
    );
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let mut response = (status, Html(html)).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What stands between backticks is to be typed as it is.
fn with_code(text: &str) -> String {
    let part = |(index, part): (usize, &str)| match index % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    };
    text.split('`').enumerate().map(part).collect()
}
