//! Letters: mail with a link of single use, to somebody who need not be a member. A letter is sent like other mail, and
//! only while its link leads somewhere: whoever revokes the link need not know of the letter.

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::{
    app::{App, use_case::Scope},
    clients::mail::Mail,
    clock::Timestamp,
    error::{Error, Result},
    ids::{LetterId, WorkspaceId},
    model::letters::LetterKind,
    store::{
        db::Entrance,
        letters,
        mail::Claimed,
        tokens::{self, TokenKind},
    },
    vault::{Owner, SealedFor, sha256},
};

/// What is to be mailed.
pub struct Letter<'a> {
    pub kind: LetterKind,
    /// What the token leads to, as it was given to [`tokens::add`].
    pub subject_id: Uuid,
    /// How the addressee is called.
    pub name: &'a str,
    pub address: &'a str,
    pub title: String,
    /// Text before and after the link.
    pub opening: String,
    pub closing: String,
    pub token: &'a SecretString,
    pub expires_at: Timestamp,
}

/// The page that a link of this kind leads to, without the token.
pub const fn page(kind: LetterKind) -> &'static str {
    match kind {
        LetterKind::Invitation => "join/",
        LetterKind::Review => "review/",
    }
}

const fn token_kind(kind: LetterKind) -> TokenKind {
    match kind {
        LetterKind::Invitation => TokenKind::Invitation,
        LetterKind::Review => TokenKind::Review,
    }
}

/// Whether letters can be sent with links that lead somewhere.
pub fn possible(app: &App) -> bool {
    app.settings.mail.is_some() && app.pages_url().is_some()
}

/// Writes a letter in the open transaction; it is sent soon after the commit. See [`possible`].
pub async fn write(scope: &mut Scope<'_>, letter: Letter<'_>) -> Result<()> {
    let base = scope.app.pages_url().ok_or_else(|| Error::internal("a letter needs the address of pages"))?;
    let page_url = base.join(page(letter.kind)).map_err(Error::internal)?.to_string();
    let letter_id: LetterId = scope.new_id();
    let sealed = scope.app.vault.seal(place(scope.ctx.workspace, letter_id), letter.token)?;
    let row = letters::Letter {
        letter_id,
        kind: letter.kind,
        subject_id: letter.subject_id,
        name: letter.name.to_owned(),
        address: letter.address.to_owned(),
        title: letter.title,
        opening: letter.opening,
        closing: letter.closing,
        page_url,
        sealed: Some(sealed),
        created_at: scope.now,
        expires_at: letter.expires_at,
    };
    letters::insert(scope.tx, scope.ctx.workspace, &row).await
}

fn place(workspace: WorkspaceId, letter: LetterId) -> SealedFor {
    SealedFor { workspace, owner: Owner::Letter(letter), field: "token" }
}

/// The mail of a letter, or why there is none to send.
pub(super) async fn compose(
    app: &App,
    claim: &Claimed,
    id: LetterId,
) -> Result<std::result::Result<Mail, &'static str>> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(claim.workspace, Entrance::System, now).await?;
    let letter = letters::get(&mut tx, claim.workspace, id).await?;
    tx.finish_read();
    let Some((letter, sealed)) = letter.and_then(|letter| letter.sealed.clone().map(|sealed| (letter, sealed))) else {
        return Ok(Err("the letter is done with"));
    };
    if letter.expires_at <= now {
        return Ok(Err("its link has expired"));
    }
    let Ok(token) = app.vault.open(place(claim.workspace, id), &sealed) else {
        return Ok(Err("its link cannot be opened with this installation's key"));
    };
    let mut tx = app.db.begin().await?;
    let hash = sha256(token.expose_secret().as_bytes());
    let leads_to = tokens::find(&mut tx, token_kind(letter.kind), &hash).await?;
    tx.finish_read();
    if leads_to != Some((claim.workspace, letter.subject_id)) {
        return Ok(Err("its link was used or revoked"));
    }
    Ok(Ok(Mail {
        id: id.to_string(),
        name: letter.name,
        address: letter.address,
        subject: letter.title,
        body: format!("{}\n{}{}\n{}", letter.opening, letter.page_url, token.expose_secret(), letter.closing),
        at: letter.created_at,
    }))
}
