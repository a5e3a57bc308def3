//! The page on which an invited person joins, or a member sets a passphrase anew. The link is spent by success; opening
//! it changes nothing, so whatever looks into mail ahead of the person does no harm.

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

use super::{page, with_code};
use crate::{
    app::{
        App,
        ctx::Origin,
        people::join::{self, Asks, Given, Joined, Open},
    },
    error::{Error, Kind},
    model::{markup::escape, privacy::Purpose},
};

/// Keeps this form's signature from passing for another page's.
const PURPOSE: &str = "csrf/join";

#[derive(Deserialize)]
pub struct Submitted {
    csrf: String,
    #[serde(default)]
    name: Option<String>,
    passphrase: SecretString,
    #[serde(default)]
    once_more: SecretString,
}

pub async fn show(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response {
    match join::find(&app, &token).await {
        Ok(Some(open)) => form(&app, &token, &open, None, None),
        Ok(None) => over(),
        Err(error) => trouble(&error),
    }
}

pub async fn submit(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    Form(submitted): Form<Submitted>,
) -> Response {
    let open = match join::find(&app, &token).await {
        Ok(Some(open)) => open,
        Ok(None) => return over(),
        Err(error) => return trouble(&error),
    };
    let name = submitted.name.clone();
    let genuine = BASE64URL_NOPAD
        .decode(submitted.csrf.as_bytes())
        .is_ok_and(|signature| app.vault.verify(PURPOSE, token.as_bytes(), &signature));
    if !genuine {
        return form(&app, &token, &open, Some("This form is not from this page. Please try again."), name.as_deref());
    }
    let given =
        Given { name: submitted.name, passphrase: submitted.passphrase, once_more: submitted.once_more, member: None };
    match join::join(&app, &token, Origin::Page, given).await {
        Ok(joined) => done(&joined),
        Err(error) if error.code() == "link_over" => over(),
        Err(error) if matches!(error.kind(), Kind::Internal | Kind::Unavailable) => trouble(&error),
        Err(error) => {
            let public = error.public();
            let problem = format!("{} {}", public.message, public.next_step);
            // What was wrong may have been the last try.
            match join::find(&app, &token).await {
                Ok(Some(open)) => form(&app, &token, &open, Some(&problem), name.as_deref()),
                _ => over(),
            }
        }
    }
}

fn form(app: &App, token: &str, open: &Open, problem: Option<&str>, name: Option<&str>) -> Response {
    let workspace = escape(&open.workspace_name);
    let inviter = escape(&open.inviter);
    let role = open.role().as_str();
    let (title, head) = match open.asks() {
        Asks::Again => (
            "Set your passphrase",
            format!(
                "<p>{inviter} made this link for {}, in the workspace <b>{workspace}</b>.</p>",
                escape(open.name())
            ),
        ),
        Asks::Newcomer | Asks::Known => {
            ("Join a workspace", format!("<p>{inviter} invites you to <b>{workspace}</b> on AllIN, as {role}.</p>"))
        }
    };
    let button = if open.asks() == Asks::Again { "Set it" } else { "Join" };
    let problem_html =
        problem.map(|text| format!("<p class=\"problem\" role=\"alert\">{}</p>", with_code(text))).unwrap_or_default();
    let csrf = BASE64URL_NOPAD.encode(&app.vault.sign(PURPOSE, token.as_bytes()));
    let fields = fields(open, name.unwrap_or(open.name()));
    let body = format!(
        "<h1>{title}</h1>{head}{problem_html}<form method=\"post\"><input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\
         {fields}<button type=\"submit\">{button}</button></form>"
    );
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page(status, title, &body)
}

fn fields(open: &Open, name: &str) -> String {
    let name = format!(
        "<label for=\"name\">Your name</label><input id=\"name\" name=\"name\" autocomplete=\"name\" required \
         maxlength=\"200\" value=\"{}\" aria-describedby=\"name-hint\"><p class=\"hint\" id=\"name-hint\">The others in the \
         workspace see it.</p>",
        escape(name)
    );
    let new = "<label for=\"passphrase\">New passphrase</label><input id=\"passphrase\" name=\"passphrase\" type=\"password\" \
               autocomplete=\"new-password\" required minlength=\"10\" aria-describedby=\"passphrase-hint\">\
               <p class=\"hint\" id=\"passphrase-hint\">At least 10 characters; several words that nobody else would put \
               together. AllIN asks for it when you decide something. It is stored nowhere.</p>\
               <label for=\"once_more\">Once more</label><input id=\"once_more\" name=\"once_more\" type=\"password\" \
               autocomplete=\"new-password\" required minlength=\"10\">";
    let present = format!(
        "<label for=\"passphrase\">Your passphrase</label><input id=\"passphrase\" name=\"passphrase\" type=\"password\" \
         autocomplete=\"current-password\" required aria-describedby=\"passphrase-hint\"><p class=\"hint\" \
         id=\"passphrase-hint\">You use AllIN already{}: it is the passphrase that you have there.</p>",
        open.email().map(|email| format!(", as {}", escape(email))).unwrap_or_default()
    );
    match open.asks() {
        Asks::Newcomer => format!("{name}{new}{}", agreeing()),
        Asks::Known => format!("{name}{present}{}", agreeing()),
        Asks::Again => new.to_owned(),
    }
}

/// What joining agrees to.
fn agreeing() -> String {
    format!(
        "<p class=\"hint\" id=\"notice\">{} By joining you agree to that.</p>",
        escape(Purpose::Processing.notice().text)
    )
}

fn done(joined: &Joined) -> Response {
    let next: String = joined.next.iter().map(|step| format!("<li>{}</li>", with_code(step))).collect();
    let body = format!("<h1>Done</h1><p>{}</p><h2>What is next</h2><ul>{next}</ul>", escape(&joined.message));
    page(StatusCode::OK, "Done", &body)
}

fn over() -> Response {
    let body = "<h1>This link is over</h1><p>It was used or revoked, has expired, took too many wrong passphrases, or is not \
                complete. Ask whoever invited you for a new one.</p>";
    page(StatusCode::NOT_FOUND, "This link is over", body)
}

fn trouble(error: &Error) -> Response {
    let status = if error.kind() == Kind::Unavailable {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    };
    tracing::error!(error = error.chain(), "the page for joining failed");
    page(status, "Trouble", &format!("<h1>That did not work</h1><p>{}</p>", escape(&error.public().message)))
}
