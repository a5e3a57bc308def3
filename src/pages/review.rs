//! The page on which a person decides about a post. Opening it changes nothing, so a mail scanner does no harm; a member
//! decides with the passphrase, a reviewer by the link itself, which works once.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Form,
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{page, review_post, styled, with_code};
use crate::{
    app::{
        App,
        approvals::{
            decide::ApprovalDecide,
            get::{ApprovalGet, ApprovalShown},
            link,
        },
        ctx::{Actor, Ctx, Origin},
        people::proof,
    },
    error::{Error, Kind, Result},
    ids::{AssetId, WorkspaceId},
    model::{
        approvals::{RequestState, Verdict},
        markup::escape,
    },
    store::{
        approvals::links::{self, Link},
        assets,
        db::Entrance,
    },
};

const STYLE: &str = include_str!("review.css");

#[derive(Deserialize)]
pub struct Submitted {
    #[serde(default)]
    csrf: String,
    /// What the page showed.
    #[serde(default)]
    digest: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    passphrase: Option<SecretString>,
}

/// A link that can still be used, and who comes through it.
struct Open {
    link: Link,
    ctx: Ctx,
}

impl Open {
    fn is_member(&self) -> bool {
        self.link.member_id.is_some()
    }
}

async fn find(app: &App, token: &str) -> Result<Option<Open>> {
    let Some((workspace, id)) = link::read(app, token) else { return Ok(None) };
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let found = links::get(&mut tx, workspace, id).await?;
    tx.finish_read();
    let usable = |link: &Link| link.used_at.is_none() && link.expires_at > now && link.attempts < link::ATTEMPTS_MAX;
    let Some(link) = found.filter(usable) else { return Ok(None) };
    let actor = match (link.member_id, link.reviewer_id) {
        (Some(member), _) => Actor::Person { member },
        (None, Some(reviewer)) => Actor::Reviewer { reviewer, link: id },
        (None, None) => return Ok(None),
    };
    let ctx = Ctx { workspace, actor, origin: Origin::Page, request: app.new_request() };
    Ok(Some(Open { link, ctx }))
}

/// What the page is about; nothing when it is over or its member has gone.
async fn load(app: &App, token: &str) -> Result<Option<(Open, ApprovalShown)>> {
    let Some(open) = find(app, token).await? else { return Ok(None) };
    let asked = ApprovalGet { approval_id: open.link.request_id };
    match app.call_once::<ApprovalGet>(&open.ctx, asked).await {
        Ok(shown) => Ok(Some((open, shown))),
        Err(error) if matches!(error.code(), "access_ended" | "approval_not_found") => Ok(None),
        Err(error) => Err(error),
    }
}

fn csrf(app: &App, token: &str) -> String {
    BASE64URL_NOPAD.encode(&app.vault.sign("csrf review", token.as_bytes()))
}

pub async fn show(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response {
    private(match load(&app, &token).await {
        Ok(Some((open, shown))) => form(&app, &token, &open, &shown, None, ""),
        Ok(None) => over(),
        Err(error) => trouble(&error),
    })
}

pub async fn submit(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    Form(submitted): Form<Submitted>,
) -> Response {
    private(match decide(&app, &token, &submitted).await {
        Ok(response) => response,
        Err(error) => trouble(&error),
    })
}

async fn decide(app: &App, token: &str, submitted: &Submitted) -> Result<Response> {
    let Some((open, shown)) = load(app, token).await? else { return Ok(over()) };
    let again = |problem: &str| form(app, token, &open, &shown, Some(problem), &submitted.comment);
    let genuine = BASE64URL_NOPAD
        .decode(submitted.csrf.as_bytes())
        .is_ok_and(|signature| app.vault.verify("csrf review", token.as_bytes(), &signature));
    if !genuine {
        return Ok(again("This form is not from this page. Please try again."));
    }
    let Ok(verdict) = submitted.verdict.parse::<Verdict>() else {
        return Ok(again("Choose whether to approve it, ask for changes or reject it."));
    };
    let ctx = match (open.link.member_id, &submitted.passphrase) {
        (None, _) => open.ctx.clone(),
        (Some(member), passphrase) => {
            let passphrase = passphrase.as_ref().map_or("", |passphrase| passphrase.expose_secret());
            let workspace = open.ctx.workspace;
            match proof::prove(app, workspace, member, SecretString::from(passphrase.to_owned())).await {
                Ok(actor) => Ctx { actor, ..open.ctx.clone() },
                Err(error) if matches!(error.kind(), Kind::Forbidden | Kind::Limit) => {
                    count(app, workspace, &open.link).await?;
                    let public = error.public();
                    return Ok(again(&format!("{} {}", public.message, public.next_step)));
                }
                Err(error) => return Err(error),
            }
        }
    };
    let input = ApprovalDecide {
        approval_id: open.link.request_id,
        verdict,
        comment: Some(submitted.comment.clone()),
        digest: submitted.digest.clone(),
        link_id: Some(open.link.link_id),
    };
    match app.call_once::<ApprovalDecide>(&ctx, input).await {
        Ok(decided) => {
            let about = review_post::about(&decided.approval);
            let body = format!("<h1>{}</h1>{about}<p>You can close this page.</p>", escape(&decided.message));
            Ok(page(StatusCode::OK, "Decided", &body))
        }
        Err(error) if error.code() == "link_over" => Ok(over()),
        Err(error) if matches!(error.kind(), Kind::Invalid | Kind::Conflict | Kind::Forbidden) => {
            let public = error.public();
            // As it is now, which may not be what was sent off.
            match load(app, token).await? {
                None => Ok(over()),
                Some((open, shown)) => {
                    let problem = format!("{} {}", public.message, public.next_step);
                    Ok(form(app, token, &open, &shown, Some(&problem), &submitted.comment))
                }
            }
        }
        Err(error) => Err(error),
    }
}

async fn count(app: &App, workspace: WorkspaceId, link: &Link) -> Result<()> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    links::count_attempt(&mut tx, workspace, link.link_id).await?;
    tx.commit().await
}

/// A picture or video of the post, for whoever holds the link.
pub async fn media(State(app): State<Arc<App>>, Path((token, asset)): Path<(String, AssetId)>) -> Response {
    private(match bytes(&app, &token, asset).await {
        Ok(Some((mime, bytes))) => ([(header::CONTENT_TYPE, mime)], Body::from(bytes)).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => trouble(&error),
    })
}

async fn bytes(app: &App, token: &str, asset: AssetId) -> Result<Option<(String, Vec<u8>)>> {
    let Some((open, shown)) = load(app, token).await? else { return Ok(None) };
    let all = shown.previews.iter().flat_map(|preview| &preview.segments).flat_map(|segment| &segment.media);
    let Some(wanted) = all.into_iter().find(|media| media.id == asset) else { return Ok(None) };
    let (mut tx, _) = app.db.tenant(open.ctx.workspace, Entrance::System, app.now()).await?;
    let bytes = assets::data(&mut tx, open.ctx.workspace, asset).await?;
    tx.finish_read();
    Ok(Some((wanted.mime.clone(), bytes)))
}

fn form(app: &App, token: &str, open: &Open, shown: &ApprovalShown, problem: Option<&str>, comment: &str) -> Response {
    let approval = &shown.approval;
    if approval.state != RequestState::Open {
        return closed(approval.state, problem.is_some());
    }
    let mut body = String::from("<h1>Approve this post?</h1>");
    if let Some(problem) = problem {
        _ = write!(body, "<p class=\"problem\" role=\"alert\">{}</p>", with_code(problem));
    }
    body.push_str(&review_post::facts(shown));
    body.push_str(&review_post::posts(shown, &format!("/review/{token}/media")));
    body.push_str(&review_post::changes(shown));
    body.push_str(&review_post::decisions(shown));
    _ = write!(
        body,
        // The first button is what Enter in a field presses: none of the three may be pressed so.
        "<form method=\"post\" class=\"decide\"><button disabled hidden></button><h2>Your decision</h2>{scope}<input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\
         <input type=\"hidden\" name=\"digest\" value=\"{digest}\"><label for=\"comment\">Comment</label>\
         <textarea id=\"comment\" name=\"comment\" rows=\"3\" maxlength=\"2000\" aria-describedby=\"comment-hint\">{comment}</textarea>\
         <p class=\"hint\" id=\"comment-hint\">For the author; needed when you ask for changes.</p>",
        scope = review_post::scope(shown),
        csrf = csrf(app, token),
        digest = escape(&approval.digest),
        comment = escape(comment)
    );
    if open.is_member() {
        body.push_str(
            "<label for=\"passphrase\">Your passphrase</label><input id=\"passphrase\" name=\"passphrase\" type=\"password\" \
             autocomplete=\"current-password\" required aria-describedby=\"passphrase-hint\"><p class=\"hint\" \
             id=\"passphrase-hint\">It shows that it is you who decides.</p>",
        );
    }
    body.push_str(
        "<div class=\"verdicts\"><button name=\"verdict\" value=\"approve\">Approve</button>\
         <button name=\"verdict\" value=\"request_changes\" class=\"second\">Ask for changes</button>\
         <button name=\"verdict\" value=\"reject\" class=\"second\">Reject</button></div></form>",
    );
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    styled(status, "Approve this post?", STYLE, &body)
}

/// A request about which nothing can be decided any more.
fn closed(state: RequestState, tried: bool) -> Response {
    let (title, text) = match state {
        RequestState::Void => (
            "The post has changed",
            "It is not what this page was about any more. If it still needs approval, people are asked about it as it is \
             now: ask for a new page, or use <code>allin approval list</code>.",
        ),
        RequestState::Withdrawn => ("This was withdrawn", "Whoever asked has taken the request back."),
        RequestState::Approved => ("This was decided", "It is approved."),
        RequestState::ChangesRequested => ("This was decided", "Changes were asked for."),
        RequestState::Rejected => ("This was decided", "It is rejected."),
        RequestState::Open => ("This is still open", "Please open the page again."),
    };
    let yours = if tried { " What you sent off was not counted." } else { "" };
    let status = if tried { StatusCode::CONFLICT } else { StatusCode::OK };
    page(status, title, &format!("<h1>{title}</h1><p>{text}{yours}</p>"))
}

fn over() -> Response {
    let body = "<h1>This page is over</h1><p>The link was used, has expired, or took too many wrong passphrases. Ask for a \
                new one; members can also use <code>allin approve</code>.</p>";
    page(StatusCode::NOT_FOUND, "This page is over", body)
}

fn trouble(error: &Error) -> Response {
    tracing::error!(error = error.chain(), "the review page failed");
    let body = format!("<h1>That did not work</h1><p>{}</p>", escape(&error.public().message));
    page(StatusCode::SERVICE_UNAVAILABLE, "Trouble", &body)
}

/// The address is a key: no other server is told where somebody came from. (`no-referrer` would have browsers send the
/// form off with the origin `null`, which is refused.) Pictures of the post are shown, nothing from elsewhere.
fn private(mut response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; form-action 'self'; \
                  frame-ancestors 'none'; base-uri 'none'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
