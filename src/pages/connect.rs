//! The page on which a person enters an account's name and password. The link is spent by success; opening it changes
//! nothing, so a preview robot does no harm.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use data_encoding::BASE64URL_NOPAD;
use secrecy::SecretString;
use serde::Deserialize;

use super::page;
use crate::{
    app::{
        App,
        accounts::finish_connect::AccountFinishConnect,
        ctx::{Actor, Ctx, Origin},
    },
    error::{Kind, Result},
    ids::{ConnectId, WorkspaceId},
    model::{markup::escape, networks::NetworkId},
    store::{
        connects::{self, ConnectRequest},
        db::Entrance,
        tokens::{self, TokenKind},
    },
    vault::sha256,
};

#[derive(Deserialize)]
pub struct Submitted {
    csrf: String,
    identifier: String,
    password: SecretString,
}

struct Open {
    workspace: WorkspaceId,
    request: ConnectRequest,
    network: NetworkId,
}

/// The request behind a link that can still be used.
async fn find(app: &App, token: &str) -> Result<Option<Open>> {
    let mut tx = app.db.begin().await?;
    let found = tokens::find(&mut tx, TokenKind::Connect, &sha256(token.as_bytes())).await?;
    tx.finish_read();
    let Some((workspace, id)) = found else { return Ok(None) };
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let request = connects::get(&mut tx, workspace, ConnectId(id)).await?;
    tx.finish_read();
    let request = request.filter(|request| request.used_at.is_none() && request.expires_at > now);
    request.map(|request| Ok(Open { workspace, network: request.network.parse()?, request })).transpose()
}

fn csrf(app: &App, token: &str) -> String {
    BASE64URL_NOPAD.encode(&app.vault.sign("csrf", token.as_bytes()))
}

pub async fn show(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response {
    match find(&app, &token).await {
        Ok(Some(open)) => form(&app, &token, &open, None),
        Ok(None) => over(),
        Err(error) => trouble(&error),
    }
}

pub async fn submit(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    Form(submitted): Form<Submitted>,
) -> Response {
    let open = match find(&app, &token).await {
        Ok(Some(open)) => open,
        Ok(None) => return over(),
        Err(error) => return trouble(&error),
    };
    let genuine = BASE64URL_NOPAD
        .decode(submitted.csrf.as_bytes())
        .is_ok_and(|signature| app.vault.verify("csrf", token.as_bytes(), &signature));
    if !genuine {
        return form(&app, &token, &open, Some("This form is not from this page. Please try again."));
    }
    let ctx = Ctx {
        workspace: open.workspace,
        actor: Actor::Person { member: open.request.member_id },
        origin: Origin::Page,
        request: app.new_request(),
    };
    let input = AccountFinishConnect {
        network: open.network,
        server: None,
        identifier: submitted.identifier,
        password: submitted.password,
        page: Some(open.request.connect_id),
    };
    match app.call_once::<AccountFinishConnect>(&ctx, input).await {
        Ok(connected) => {
            let body = format!(
                "<h1>Connected</h1><p>{}</p><p>You can close this page and go back to your assistant.</p>",
                escape(&connected.message)
            );
            page(StatusCode::OK, "Connected", &body)
        }
        Err(error) if error.code() == "connect_page_over" => over(),
        Err(error) => {
            let public = error.public();
            form(&app, &token, &open, Some(&format!("{} {}", public.message, public.next_step)))
        }
    }
}

fn form(app: &App, token: &str, open: &Open, problem: Option<&str>) -> Response {
    let network = open.network.title();
    let server = open.request.base_url.as_deref().map(|url| format!(" at <b>{}</b>", escape(url))).unwrap_or_default();
    let problem_html =
        problem.map(|text| format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(text))).unwrap_or_default();
    let (name_hint, password_label, password_hint) = match open.network {
        NetworkId::Bluesky => (
            "Your handle, such as anna.bsky.social, or your e-mail address.",
            "App password",
            "Make one in Bluesky under Settings, Privacy and security, App passwords. It can be revoked there at any time.",
        ),
        NetworkId::Sandbox => {
            ("Any name.", "Password", "Any password; it is asked again when you connect the same name.")
        }
    };
    let body = format!(
        "<h1>Connect {network}</h1><p>AllIN will be able to publish for the account you enter{server}.</p>{problem_html}\
         <form method=\"post\"><input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\
         <label for=\"identifier\">Account</label><input id=\"identifier\" name=\"identifier\" autocomplete=\"username\" \
         autocapitalize=\"none\" spellcheck=\"false\" required aria-describedby=\"name-hint\"><p class=\"hint\" id=\"name-hint\">{name_hint}</p>\
         <label for=\"password\">{password_label}</label><input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required aria-describedby=\"password-hint\"><p class=\"hint\" id=\"password-hint\">{password_hint}</p>\
         <button type=\"submit\">Connect</button></form>",
        csrf = csrf(app, token)
    );
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page(status, &format!("Connect {network}"), &body)
}

fn over() -> Response {
    let body = "<h1>This page is over</h1><p>The link was used, has expired, or took too many wrong passwords. Ask your \
                assistant to connect the account again.</p>";
    page(StatusCode::NOT_FOUND, "This page is over", body)
}

fn trouble(error: &crate::error::Error) -> Response {
    let status = if error.kind() == Kind::Unavailable {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    };
    tracing::error!(error = error.chain(), "the connect page failed");
    page(status, "Trouble", &format!("<h1>That did not work</h1><p>{}</p>", escape(&error.public().message)))
}
