//! Letters: mail with a link to somebody who need not be a member. They wait in the queue of `mail`; the link's token
//! is kept sealed, and only as long as the letter waits.

use std::str::FromStr as _;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{LetterId, WorkspaceId},
    model::{letters::LetterKind, notifications::MailState},
};

#[derive(Debug, Clone)]
pub struct Letter {
    pub letter_id: LetterId,
    pub kind: LetterKind,
    /// What the link leads to.
    pub subject_id: Uuid,
    pub name: String,
    pub address: String,
    pub title: String,
    /// Text before and after the link.
    pub opening: String,
    pub closing: String,
    /// The link without its token.
    pub page_url: String,
    /// The token; `None` once the letter is done with.
    pub sealed: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Writes a letter, and queues it.
pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, letter: &Letter) -> Result<()> {
    sqlx::query!(
        "insert into letters (workspace_id, letter_id, kind, subject_id, display_name, address, title, opening, closing,
                              page_url, sealed, state, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting', $12, $13)",
        workspace.uuid(),
        letter.letter_id.uuid(),
        letter.kind.as_str(),
        letter.subject_id,
        letter.name,
        letter.address,
        letter.title,
        letter.opening,
        letter.closing,
        letter.page_url,
        letter.sealed,
        letter.created_at,
        letter.expires_at
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("select letter_put($1, $2, $3)", workspace.uuid(), letter.letter_id.uuid(), letter.created_at)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: LetterId) -> Result<Option<Letter>> {
    let row = sqlx::query!(
        "select kind, subject_id, display_name, address, title, opening, closing, page_url, sealed, created_at, expires_at
         from letters where workspace_id = $1 and letter_id = $2",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Letter {
            letter_id: id,
            kind: LetterKind::from_str(&row.kind)?,
            subject_id: row.subject_id,
            name: row.display_name,
            address: row.address,
            title: row.title,
            opening: row.opening,
            closing: row.closing,
            page_url: row.page_url,
            sealed: row.sealed,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    })
    .transpose()
}

/// Ends letters that wait: the token is forgotten. Those that are done with already stay as they are.
pub async fn end(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    letters: &[Uuid],
    state: MailState,
    problem: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update letters set state = $3, problem = $4, sealed = null
         where workspace_id = $1 and letter_id = any ($2) and state = 'waiting'",
        workspace.uuid(),
        letters,
        state.as_str(),
        problem
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The letters of a subject that wait are sent no more. Whoever is sending one at this moment finds its link useless.
pub async fn withdraw(db: &mut PgConnection, workspace: WorkspaceId, subject: Uuid, why: &str) -> Result<()> {
    let ids = sqlx::query_scalar!(
        "update letters set state = 'given_up', problem = $3, sealed = null
         where workspace_id = $1 and subject_id = $2 and state = 'waiting' returning letter_id",
        workspace.uuid(),
        subject,
        why
    )
    .fetch_all(&mut *db)
    .await?;
    for id in ids {
        sqlx::query!("select mail_drop($1, $2)", workspace.uuid(), id).execute(&mut *db).await?;
    }
    Ok(())
}

/// What became of the letters of some subjects: the subject, the state, and why it was given up.
pub async fn states(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    subjects: &[Uuid],
) -> Result<Vec<(Uuid, MailState, Option<String>)>> {
    let rows = sqlx::query!(
        "select subject_id, state, problem from letters where workspace_id = $1 and subject_id = any ($2)",
        workspace.uuid(),
        subjects
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok((row.subject_id, row.state.parse()?, row.problem))).collect()
}
