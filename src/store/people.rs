//! The public halves of the keys that passphrases give, and wrong tries.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{InvitationId, MemberId, PersonId, WorkspaceId},
};

/// What tells whether a passphrase is the member's.
#[derive(Debug, Clone)]
pub struct PersonKeyRow {
    pub person_id: PersonId,
    pub key_id: Uuid,
    pub salt: Vec<u8>,
    pub public_key: Vec<u8>,
    /// No tries until then.
    pub locked_until: Option<Timestamp>,
}

/// The key of a member of the workspace that was entered; nothing when no passphrase was set.
pub async fn key(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<Option<PersonKeyRow>> {
    Ok(sqlx::query_as!(
        PersonKeyRow,
        r#"select person_id as "person_id!: PersonId", key_id as "key_id!", salt as "salt!", public_key as "public_key!",
                  locked_until
           from person_key($1, $2)"#,
        workspace.uuid(),
        member.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// Whom an open invitation's address belongs to: the person, and the key when a passphrase was set.
pub async fn invited(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    invitation: InvitationId,
) -> Result<Option<(PersonId, Option<PersonKeyRow>)>> {
    let row = sqlx::query!(
        r#"select person_id as "person_id!: PersonId", key_id, salt, public_key, locked_until
           from person_invited($1, $2)"#,
        workspace.uuid(),
        invitation.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let key = row.key_id.zip(row.salt).zip(row.public_key);
        let key = key.map(|((key_id, salt), public_key)| PersonKeyRow {
            person_id: row.person_id,
            key_id,
            salt,
            public_key,
            locked_until: row.locked_until,
        });
        (row.person_id, key)
    }))
}

/// [`tried`] for whoever is invited.
pub async fn invited_tried(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    invitation: InvitationId,
    right: bool,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!("select person_invited_tried($1, $2, $3, $4)", workspace.uuid(), invitation.uuid(), right, now)
        .execute(db)
        .await?;
    Ok(())
}

/// Counts a try. Returns until when no more are taken.
pub async fn tried(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    right: bool,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    Ok(sqlx::query_scalar!(
        r#"select person_tried($1, $2, $3, $4) as "until: Timestamp""#,
        workspace.uuid(),
        member.uuid(),
        right,
        now
    )
    .fetch_one(db)
    .await?)
}

/// Puts a new key in place of the member's present one. Takes the decider's connection.
pub async fn set_key(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    key: Uuid,
    salt: &[u8],
    public: &[u8],
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "select person_key_set($1, $2, $3, $4, $5, $6)",
        workspace.uuid(),
        member.uuid(),
        key,
        salt,
        public,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Public keys by their ids, present and earlier ones.
pub async fn public_keys(db: &mut PgConnection, keys: &[Uuid]) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let rows =
        sqlx::query!(r#"select key_id as "key_id!", public_key as "public_key!" from person_key_public($1)"#, keys)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|row| (row.key_id, row.public_key)).collect())
}
