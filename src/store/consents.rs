//! Who agreed to what. Written once: taking a consent back is a row of its own.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{MemberId, WorkspaceId},
};

/// Given or taken back.
#[derive(Debug, Clone)]
pub struct Consent {
    pub consent_id: Uuid,
    pub member_id: MemberId,
    pub purpose: String,
    pub text_version: i32,
    /// SHA-256.
    pub text_hash: Vec<u8>,
    pub given: bool,
    pub at: Timestamp,
    /// The use case.
    pub act: String,
    pub origin: String,
    pub request_id: Uuid,
    pub renew_by: Option<Timestamp>,
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, consent: &Consent) -> Result<()> {
    sqlx::query!(
        "insert into consents (workspace_id, consent_id, member_id, purpose, text_version, text_hash, given, at, act, origin,
                               request_id, renew_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        workspace.uuid(),
        consent.consent_id,
        consent.member_id.uuid(),
        consent.purpose,
        consent.text_version,
        consent.text_hash,
        consent.given,
        consent.at,
        consent.act,
        consent.origin,
        consent.request_id,
        consent.renew_by
    )
    .execute(db)
    .await?;
    Ok(())
}

/// All of a member, newest first.
pub async fn of(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<Vec<Consent>> {
    Ok(sqlx::query_as!(
        Consent,
        r#"select consent_id, member_id as "member_id: MemberId", purpose, text_version, text_hash, given, at, act, origin,
                  request_id, renew_by
           from consents where workspace_id = $1 and member_id = $2 order by consent_id desc"#,
        workspace.uuid(),
        member.uuid()
    )
    .fetch_all(db)
    .await?)
}
