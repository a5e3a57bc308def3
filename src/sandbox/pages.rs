//! The sandbox's timeline for people: everything at `/`, one account at `/@handle`. No script, nothing from elsewhere.

use std::fmt::Write;

use axum::{
    Router,
    extract::{Path, State as Shared},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{
    api::{Refusal, Sandbox},
    journal::{Journal, Post},
};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Messages on one page, newest first.
const SHOWN: usize = 200;
const STYLE: &str = "
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
header p { opacity: .75; }
article { border-top: 1px solid #8886; padding: 1rem 0; }
article.reply { margin-left: 1.5rem; }
article p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0; }
article small { opacity: .75; }
img { max-width: 100%; max-height: 20rem; border-radius: .5rem; display: block; margin-top: .5rem; }
a { color: inherit; }
";

pub fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/", get(timeline))
        .route("/@{handle}", get(profile))
        .route("/style.css", get(style))
        .route("/media/{id}", get(image))
}

async fn timeline(Shared(sandbox): Shared<Sandbox>) -> Response {
    page("Sandbox", &articles(&sandbox.journal(), |_| true))
}

async fn profile(Shared(sandbox): Shared<Sandbox>, Path(handle): Path<String>) -> Result<Response, Refusal> {
    let journal = sandbox.journal();
    let id = journal.state.handles.get(&handle).ok_or_else(|| Refusal::not_found("account"))?;
    Ok(page(&format!("@{handle} on the sandbox"), &articles(&journal, |post| post.account_id == *id)))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], STYLE)
}

async fn image(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Result<Response, Refusal> {
    // Only ids that the journal knows become file names.
    let found = {
        let journal = sandbox.journal();
        journal.state.media.get(&id).map(|media| (media.mime.clone(), journal.media_path(&media.id)))
    };
    let (mime, path) = found.ok_or_else(|| Refusal::not_found("image"))?;
    let bytes = tokio::fs::read(path).await.map_err(|_| Refusal::not_found("image"))?;
    let headers = [
        (header::CONTENT_TYPE, mime),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".into()),
    ];
    Ok((headers, bytes).into_response())
}

fn page(title: &str, body: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body><header><h1>{title}</h1>\
         <p>A practice network on this machine. What is posted here reaches nobody. <a href=\"/\">All posts</a></p></header>\
         <main>{body}</main></body></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::OK, headers, html).into_response()
}

fn articles(journal: &Journal, wanted: impl Fn(&Post) -> bool) -> String {
    let posts = journal.state.posts.iter().rev().filter(|post| !post.deleted && wanted(post)).take(SHOWN);
    let html: String = posts.map(|post| article(journal, post)).collect();
    if html.is_empty() { "<p>Nothing here yet.</p>".into() } else { html }
}

fn article(journal: &Journal, post: &Post) -> String {
    let account = journal.state.accounts.get(&post.account_id);
    let handle = account.map(|account| escaped(&account.handle)).unwrap_or_default();
    let name = account.and_then(|account| account.display_name.as_deref()).map(escaped).unwrap_or_default();
    let (id, text, time) = (escaped(&post.id), escaped(&post.text), post.created_at);
    let reply = post.reply_to.as_deref().map(|parent| format!(" · reply to <a href=\"#{0}\">{0}</a>", escaped(parent)));
    let (class, reply) = (if reply.is_some() { " class=\"reply\"" } else { "" }, reply.unwrap_or_default());
    let mut html = format!(
        "<article id=\"{id}\"{class}><strong>{name}</strong> <a href=\"/@{handle}\">@{handle}</a><p>{text}</p>"
    );
    for image in &post.media {
        // Writing to a string cannot fail.
        let _ = write!(html, "<img src=\"/media/{}\" alt=\"{}\">", escaped(&image.id), escaped(&image.alt_text));
    }
    let _ = write!(html, "<small><time datetime=\"{time}\">{time}</time> · {id}{reply}</small></article>");
    html
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}
