//! Invitations. The link's hash is in `tokens`; here is what it is good for.

use std::str::FromStr;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{InvitationId, MemberId, WorkspaceId},
    model::roles::Role,
};

#[derive(Debug, Clone)]
pub struct Invitation {
    pub invitation_id: InvitationId,
    /// A member's passphrase is set anew; otherwise somebody joins.
    pub again: bool,
    /// Whose passphrase; for somebody who joined, the member that came of it.
    pub member_id: Option<MemberId>,
    pub name: String,
    pub email: Option<String>,
    /// The link went to that address and nowhere else.
    pub by_mail: bool,
    pub role: Role,
    pub accounts: Vec<Uuid>,
    pub invited_by: MemberId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Wrong passphrases.
    pub attempts: i32,
    pub used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

struct Row {
    invitation_id: InvitationId,
    again: bool,
    member_id: Option<MemberId>,
    display_name: String,
    email: Option<String>,
    by_mail: bool,
    role: String,
    accounts: Vec<Uuid>,
    invited_by: MemberId,
    created_at: Timestamp,
    expires_at: Timestamp,
    attempts: i32,
    used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl Row {
    fn read(self) -> Result<Invitation> {
        Ok(Invitation {
            invitation_id: self.invitation_id,
            again: self.again,
            member_id: self.member_id,
            name: self.display_name,
            email: self.email,
            by_mail: self.by_mail,
            role: Role::from_str(&self.role)?,
            accounts: self.accounts,
            invited_by: self.invited_by,
            created_at: self.created_at,
            expires_at: self.expires_at,
            attempts: self.attempts,
            used_at: self.used_at,
            revoked_at: self.revoked_at,
        })
    }
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, new: &Invitation) -> Result<()> {
    sqlx::query!(
        "insert into invitations (workspace_id, invitation_id, again, member_id, display_name, email, by_mail, role, accounts,
                                  invited_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        workspace.uuid(),
        new.invitation_id.uuid(),
        new.again,
        new.member_id.map(MemberId::uuid),
        new.name,
        new.email,
        new.by_mail,
        new.role.as_str(),
        &new.accounts,
        new.invited_by.uuid(),
        new.created_at,
        new.expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: InvitationId) -> Result<Option<Invitation>> {
    sqlx::query_as!(
        Row,
        r#"select invitation_id as "invitation_id: InvitationId", again, member_id as "member_id: MemberId", display_name,
                  email, by_mail, role, accounts, invited_by as "invited_by: MemberId", created_at, expires_at, attempts,
                  used_at, revoked_at
           from invitations where workspace_id = $1 and invitation_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?
    .map(Row::read)
    .transpose()
}

/// Holds the invitation until the transaction ends.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId, id: InvitationId) -> Result<Option<Invitation>> {
    sqlx::query!(
        "select 1 as one from invitations where workspace_id = $1 and invitation_id = $2 for update",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(&mut *db)
    .await?;
    get(db, workspace, id).await
}

/// Newest first; `ended`: those too that were used or revoked or have expired.
pub async fn list(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    ended: bool,
    now: Timestamp,
) -> Result<Vec<Invitation>> {
    sqlx::query_as!(
        Row,
        r#"select invitation_id as "invitation_id: InvitationId", again, member_id as "member_id: MemberId", display_name,
                  email, by_mail, role, accounts, invited_by as "invited_by: MemberId", created_at, expires_at, attempts,
                  used_at, revoked_at
           from invitations
           where workspace_id = $1 and ($2 or (used_at is null and revoked_at is null and expires_at > $3))
           order by created_at desc, invitation_id desc limit 200"#,
        workspace.uuid(),
        ended,
        now
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

/// Counts a wrong passphrase; a link takes few.
pub async fn count_attempt(db: &mut PgConnection, workspace: WorkspaceId, id: InvitationId) -> Result<()> {
    sqlx::query!(
        "update invitations set attempts = attempts + 1 where workspace_id = $1 and invitation_id = $2",
        workspace.uuid(),
        id.uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// It is spent.
pub async fn set_used(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: InvitationId,
    member: MemberId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update invitations set used_at = $4, member_id = $3 where workspace_id = $1 and invitation_id = $2",
        workspace.uuid(),
        id.uuid(),
        member.uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which open invitations are meant.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    One(InvitationId),
    /// What a member invited.
    By(MemberId),
    /// Links that set this member's passphrase.
    For(MemberId),
    All,
}

/// Revokes those that are open. Returns which they were.
pub async fn revoke(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    which: Which,
    now: Timestamp,
) -> Result<Vec<InvitationId>> {
    let (one, by, of) = match which {
        Which::One(id) => (Some(id.uuid()), None, None),
        Which::By(member) => (None, Some(member.uuid()), None),
        Which::For(member) => (None, None, Some(member.uuid())),
        Which::All => (None, None, None),
    };
    Ok(sqlx::query_scalar!(
        r#"update invitations set revoked_at = $5
           where workspace_id = $1 and ($2::uuid is null or invitation_id = $2) and ($3::uuid is null or invited_by = $3)
             and ($4::uuid is null or (again and member_id = $4))
             and used_at is null and revoked_at is null and expires_at > $5
           returning invitation_id as "id: InvitationId""#,
        workspace.uuid(),
        one,
        by,
        of,
        now
    )
    .fetch_all(db)
    .await?)
}
