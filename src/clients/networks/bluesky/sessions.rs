//! Signing in with an app password, renewing and testing a session. Knows nothing of posts.

use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{
    super::{ConnectForm, Connected, Credentials, Failure, FailureKind, Health, NetworkAccount, failures},
    Bluesky,
    answers::{self, Refusal},
};
use crate::{
    clients::http::Answer,
    clock::Timestamp,
    error::{Actor, Error, Result, Retry},
    model::bluesky::DEFAULT_SERVER,
};

/// The scope of a session that was opened with the account's main password.
const FULL_ACCESS: &str = "com.atproto.access";

/// What `createSession` and `refreshSession` answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionAnswer {
    access_jwt: SecretString,
    refresh_jwt: SecretString,
    handle: String,
    did: String,
    #[serde(default)]
    did_doc: Value,
    active: Option<bool>,
    status: Option<String>,
}

/// The content of [`Credentials::secret`].
#[derive(Deserialize)]
pub struct Session {
    pub access_jwt: SecretString,
    pub refresh_jwt: SecretString,
    did: String,
}

impl Session {
    pub fn of(account: &NetworkAccount) -> Result<Self, Failure> {
        let unusable = |message: &str| Failure { kind: FailureKind::NeedsReconnect, message: message.into() };
        let session: Self = serde_json::from_str(account.credentials.secret.expose_secret())
            .map_err(|_| unusable("the stored sign-in cannot be read"))?;
        if session.did != account.remote_id {
            return Err(unusable("the stored sign-in belongs to another account"));
        }
        Ok(session)
    }
}

impl SessionAnswer {
    fn credentials(&self) -> Credentials {
        let secret = json!({
            "access_jwt": self.access_jwt.expose_secret(),
            "refresh_jwt": self.refresh_jwt.expose_secret(),
            "did": self.did,
        });
        Credentials {
            secret: SecretString::from(secret.to_string()),
            expires_at: claims(&self.access_jwt).and_then(|claims| expiry(&claims)),
        }
    }

    /// The server that holds the account, as its identity document says.
    fn home_server(&self) -> Option<Url> {
        let services = self.did_doc.get("service")?.as_array()?;
        let home = services
            .iter()
            .find(|service| service.get("id").and_then(Value::as_str).is_some_and(|id| id.ends_with("#atproto_pds")))?;
        origin_of(&Url::parse(home.get("serviceEndpoint")?.as_str()?).ok()?)
    }
}

impl Bluesky {
    pub(super) async fn open_session(&self, form: ConnectForm) -> Result<Connected> {
        let asked = match form.base_url {
            Some(url) => url,
            None => Url::parse(DEFAULT_SERVER).map_err(Error::internal)?,
        };
        self.http.check(&asked)?;
        let asked = origin_of(&asked).ok_or_else(|| {
            Error::invalid("server_malformed", "The server's address names no host.")
                .field("base_url", "Write it like https://bsky.social.")
        })?;
        let body =
            json!({ "identifier": typed_identifier(&form.identifier), "password": form.password.expose_secret() });
        let answer = self.procedure(&asked, "com.atproto.server.createSession", body, None).await?;
        if !answer.ok() {
            return Err(self.sign_in_refused(&asked, &answer));
        }
        let session: SessionAnswer = answer.json().map_err(|cause| {
            Error::unavailable("network_answer_unreadable", "The server answered something that is no Bluesky session.")
                .next("Check that the server's address is that of an AT Protocol server.")
                .because(cause)
        })?;
        if session.active == Some(false) {
            let status = session.status.as_deref().unwrap_or("inactive");
            return Err(Error::invalid(
                "account_inactive",
                format!("Bluesky says that this account is {}.", failures::excerpt(status)),
            )
            .next("Activate the account on Bluesky first, then connect it again."));
        }
        // The identity document comes from outside: it may not lead where the guard forbids. The server that took the
        // password serves the account then.
        let base_url = session.home_server().filter(|home| self.http.check(home).is_ok()).unwrap_or(asked);
        let display_name = self.display_name(&base_url, &session.did).await;
        Ok(Connected {
            credentials: session.credentials(),
            remote_id: session.did,
            handle: session.handle,
            display_name,
            base_url,
        })
    }

    fn sign_in_refused(&self, server: &Url, answer: &Answer) -> Error {
        let refusal = Refusal::read(&answer.body);
        let server = server.host_str().unwrap_or_default();
        match (answer.status, refusal.error.as_str()) {
            (401, "AuthFactorTokenRequired") => {
                Error::invalid("credentials_refused", "Bluesky wants a code by e-mail for this password.")
                    .next("Create an app password in Bluesky under Settings, Privacy and security, and use that.")
            }
            (_, "AccountTakedown") => {
                Error::invalid("account_inactive", "Bluesky has taken this account down.").who(Actor::Network)
            }
            (400 | 401, _) => {
                Error::invalid("credentials_refused", format!("{server} does not accept this name and password."))
                    .next("Use the full handle and an app password (Settings, Privacy and security, App passwords). An account on another server needs that server's address.")
            }
            (429, _) => {
                let now = self.clock.now();
                let wait = failures::retry_at(&answer.headers, now).map_or(300, |until| until.millis_since(now) / 1000 + 1);
                let seconds = u32::try_from(wait).unwrap_or(300);
                Error::limit("network_rate_limited", format!("{server} allows no more sign-ins for {seconds} seconds."))
                    .next("Wait, then connect again.")
                    .who(Actor::Network)
                    .retry(Retry::After { seconds })
            }
            (status, _) => Error::unavailable("network_unavailable", format!("{server} answered {status} to the sign-in."))
                .next("Check that the address is that of an AT Protocol server, or try again later.")
                .who(Actor::Network),
        }
    }

    /// The name on the profile; missing when there is none or it cannot be read.
    async fn display_name(&self, base: &Url, did: &str) -> Option<String> {
        let parameters = [("repo", did), ("collection", "app.bsky.actor.profile"), ("rkey", "self")];
        let answer = self.query(base, "com.atproto.repo.getRecord", &parameters, None).await.ok()?;
        let record: Value = answer.json().ok().filter(|_| answer.ok())?;
        let name = record.pointer("/value/displayName")?.as_str()?.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    pub(super) async fn renew_session(&self, account: &NetworkAccount) -> Result<Credentials, Failure> {
        let session = Session::of(account)?;
        let answer = self
            .procedure(&account.base_url, "com.atproto.server.refreshSession", Value::Null, Some(session.refresh_jwt))
            .await
            .map_err(|error| failures::no_answer(&error))?;
        if !answer.ok() {
            let failure = answers::classify(answer.status, &answer.headers, &answer.body, self.clock.now());
            // Here the token that is refused is the refresh token itself: nothing is left to refresh with.
            let kind =
                if failure.kind == FailureKind::TokenExpired { FailureKind::NeedsReconnect } else { failure.kind };
            return Err(Failure { kind, ..failure });
        }
        let renewed: SessionAnswer = answer.json().map_err(|_| answers::unreadable())?;
        if renewed.did != account.remote_id {
            return Err(Failure {
                kind: FailureKind::NeedsReconnect,
                message: "the server renewed another account".into(),
            });
        }
        Ok(renewed.credentials())
    }

    pub(super) async fn read_session(&self, account: &NetworkAccount) -> Result<Health, Failure> {
        let session = Session::of(account)?;
        let scope = claims(&session.access_jwt).and_then(|claims| Some(claims.get("scope")?.as_str()?.to_owned()));
        let answer =
            self.query(&account.base_url, "com.atproto.server.getSession", &[], Some(session.access_jwt)).await;
        let body = self.body(answer)?;
        let handle = body.get("handle").and_then(Value::as_str).ok_or_else(answers::unreadable)?;
        let mut notes = Vec::new();
        if body.get("active") == Some(&Value::Bool(false)) {
            let status = body.get("status").and_then(Value::as_str).unwrap_or("inactive");
            notes.push(format!("Bluesky says that this account is {}.", failures::excerpt(status)));
        }
        if handle == "handle.invalid" {
            notes.push("The handle no longer points to this account; posts appear under `handle.invalid`.".into());
        }
        if scope.as_deref() == Some(FULL_ACCESS) {
            notes.push("Connected with the main password, which AllIN never needs: create an app password, connect again with it, and change the main password.".into());
        }
        let may_post = body.get("active").and_then(Value::as_bool);
        Ok(Health { handle: handle.to_owned(), may_post, notes })
    }
}

/// Names are pasted with an `@`, blanks and invisible direction marks.
fn typed_identifier(typed: &str) -> String {
    let visible: String = typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')).collect();
    visible.strip_prefix('@').unwrap_or(&visible).to_owned()
}

/// Scheme, host and port without a path.
fn origin_of(url: &Url) -> Option<Url> {
    Url::parse(&url.origin().ascii_serialization()).ok()
}

/// The claims of a token, unverified: they are the server's word to us about its own token.
fn claims(token: &SecretString) -> Option<Value> {
    let body = token.expose_secret().split('.').nth(1)?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(body.as_bytes()).ok()?).ok()
}

fn expiry(claims: &Value) -> Option<Timestamp> {
    Timestamp::from_micros(claims.get("exp")?.as_i64()?.checked_mul(1_000_000)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_names_are_cleaned() {
        assert_eq!(typed_identifier(" @alice.test\u{202c} "), "alice.test");
        assert_eq!(typed_identifier("me@example.com"), "me@example.com");
    }

    #[test]
    fn a_token_tells_when_it_ends() {
        let body = BASE64URL_NOPAD.encode(br#"{"scope":"com.atproto.appPass","exp":1795435200}"#);
        let claims = claims(&SecretString::from(format!("e30.{body}.sig"))).unwrap();
        assert_eq!(expiry(&claims), Some("2026-11-23T12:00:00Z".parse().unwrap()));
        assert!(super::claims(&SecretString::from("nonsense")).is_none());
    }

    #[test]
    fn the_home_server_is_read_from_the_identity_document() {
        let session = |services: Value| -> SessionAnswer {
            let answer = json!({"accessJwt": "a", "refreshJwt": "r", "handle": "h.test", "did": "did:plc:x", "didDoc": {"service": services}});
            serde_json::from_value(answer).unwrap()
        };
        let pds = |id: &str| json!([{"id": "#other", "serviceEndpoint": "https://no.example"}, {"id": id, "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.example.com/"}]);
        let expected = Url::parse("https://pds.example.com").ok();
        assert_eq!(session(pds("#atproto_pds")).home_server(), expected);
        assert_eq!(session(pds("did:plc:x#atproto_pds")).home_server(), expected);
        assert_eq!(session(Value::Null).home_server(), None);
    }
}
