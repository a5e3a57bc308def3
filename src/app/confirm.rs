//! Asking the person. A question is sealed into a state that travels through the client and comes back with the yes:
//! bound to the caller, the use case, the input and the version of what was shown, expiring, and spent once.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    app::App,
    clock::Timestamp,
    error::{Error, Result},
    ids::WorkspaceId,
    store::{confirmations, db::Tx},
};

/// Ten minutes to answer.
const VALID_SECS: i64 = 600;

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The whole question, naming what would happen to what.
    pub text: String,
    /// Changes when the answer would no longer fit.
    pub version: String,
}

#[derive(Debug, Clone)]
pub struct Asked {
    pub question: Question,
    /// To be sent back with the same call once the person has agreed.
    pub state: String,
    pub expires_at: Timestamp,
}

/// What a confirmation is bound to.
pub struct Subject<'a> {
    pub actor: &'a str,
    pub workspace: WorkspaceId,
    pub use_case: &'a str,
    pub input_hash: [u8; 32],
    pub version: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    nonce: Uuid,
    /// Microseconds since 1970.
    expires: i64,
}

impl Subject<'_> {
    fn signed_text(&self, payload: &str) -> Vec<u8> {
        let hash = BASE64URL_NOPAD.encode(&self.input_hash);
        format!("{payload}\n{}\n{}\n{}\n{hash}\n{}", self.actor, self.workspace, self.use_case, self.version)
            .into_bytes()
    }
}

pub fn ask(app: &App, now: Timestamp, subject: &Subject<'_>, question: Question) -> Asked {
    let expires_at = now.plus_secs(VALID_SECS);
    let sealed = Sealed { nonce: app.ids.next(now), expires: expires_at.as_micros() };
    let payload = BASE64URL_NOPAD.encode(format!("{}.{}", sealed.nonce, sealed.expires).as_bytes());
    let signature = app.vault.sign("confirmation", &subject.signed_text(&payload));
    Asked { question, state: format!("{payload}.{}", BASE64URL_NOPAD.encode(&signature)), expires_at }
}

/// Checks the state and makes it useless from now on (when the transaction commits).
pub async fn spend(app: &App, tx: &mut Tx, now: Timestamp, subject: &Subject<'_>, state: &str) -> Result<()> {
    let stale = || {
        Error::conflict(
            "confirmation_stale",
            "This confirmation no longer fits: what it was about has changed, or it is not for this call.",
        )
        .next("Call again without the confirmation to see the present state and ask the person anew.")
    };
    let (payload, signature) = state.split_once('.').ok_or_else(stale)?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| stale())?;
    if !app.vault.verify("confirmation", &subject.signed_text(payload), &signature) {
        return Err(stale());
    }
    let sealed = open(payload).ok_or_else(stale)?;
    let expires_at = Timestamp::from_micros(sealed.expires)?;
    if expires_at <= now {
        return Err(Error::conflict("confirmation_expired", "The confirmation is older than 10 minutes.")
            .next("Call again without the confirmation to ask the person anew."));
    }
    if !confirmations::spend(tx, subject.workspace, sealed.nonce, expires_at).await? {
        return Err(Error::conflict("confirmation_spent", "This confirmation was used already.")
            .next("Read the present state; call again without the confirmation if it is still needed."));
    }
    Ok(())
}

fn open(payload: &str) -> Option<Sealed> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()?;
    let (nonce, expires) = text.split_once('.')?;
    Some(Sealed { nonce: nonce.parse().ok()?, expires: expires.parse().ok()? })
}
