//! Links to the page of a request. A link names a row and is signed with a key outside the database, so that a row alone
//! opens nothing. For a member it leads to the page, where the passphrase decides; for a reviewer it is the proof.

use data_encoding::BASE64URL_NOPAD;
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    app::App,
    error::{Error, Result},
    ids::{ReviewLinkId, WorkspaceId},
};

/// How long a link works, in seconds.
pub const VALID_SECS: i64 = 7 * 24 * 3600;
/// Wrong tries on the page until the link is useless.
pub const ATTEMPTS_MAX: i32 = 10;

/// The secret part of the page's address.
pub fn token(app: &App, workspace: WorkspaceId, link: ReviewLinkId) -> SecretString {
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(workspace.uuid().as_bytes());
    bytes.extend_from_slice(link.uuid().as_bytes());
    let signature = app.vault.sign("review link", &bytes);
    bytes.extend_from_slice(&signature);
    SecretString::from(BASE64URL_NOPAD.encode(&bytes))
}

/// Which link a token is, if we made it.
pub fn read(app: &App, token: &str) -> Option<(WorkspaceId, ReviewLinkId)> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    let (ids, signature) = bytes.split_at_checked(32)?;
    if !app.vault.verify("review link", ids, signature) {
        return None;
    }
    let (workspace, link) = ids.split_at_checked(16)?;
    Some((WorkspaceId(Uuid::from_slice(workspace).ok()?), ReviewLinkId(Uuid::from_slice(link).ok()?)))
}

pub(super) fn over() -> Error {
    Error::conflict("link_over", "This link was used, has expired, or is not for this request.")
        .next("Ask for a new one, or decide at the command line with `allin approve`.")
}

/// The address of the page, where this process shows pages.
pub fn address(app: &App, token: &str) -> Result<String> {
    let base = app.pages_url().ok_or_else(|| {
        Error::operator("no_pages", "This process shows no pages.").next("Decide at the command line: `allin approve`.")
    })?;
    Ok(format!("{}/review/{token}", base.as_str().trim_end_matches('/')))
}
