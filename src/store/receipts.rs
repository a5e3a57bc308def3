//! Receipts of publications, and what they are made of. Written once, in the transaction that records the publication.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, PostId, TargetId, WorkspaceId},
};

/// Who set the time of these targets, or published them.
pub async fn set_asked(db: &mut PgConnection, workspace: WorkspaceId, targets: &[Uuid], asked: &Value) -> Result<()> {
    sqlx::query!(
        "update targets set asked = $3 where workspace_id = $1 and target_id = any ($2)",
        workspace.uuid(),
        targets,
        asked
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What the database knows of a target that became public, besides its messages.
pub struct Facts {
    pub target_id: TargetId,
    pub post_id: PostId,
    pub account_id: AccountId,
    pub network: String,
    pub handle: String,
    pub remote_id: String,
    pub due_at: Option<Timestamp>,
    pub published_at: Option<Timestamp>,
    pub asked: Option<Value>,
    pub author_id: MemberId,
    pub version: i32,
    /// Who wrote that version.
    pub written_by: String,
    pub approvals: Option<Value>,
}

pub async fn facts(db: &mut PgConnection, workspace: WorkspaceId, targets: &[Uuid]) -> Result<Vec<Facts>> {
    Ok(sqlx::query_as!(
        Facts,
        r#"select t.target_id as "target_id: TargetId", t.post_id as "post_id: PostId",
                  t.account_id as "account_id: AccountId", a.network, a.handle, a.remote_id, t.due_at, t.published_at,
                  t.asked, p.author_id as "author_id: MemberId", p.version, v.actor as written_by,
                  receipt_approvals(t.workspace_id, t.post_id, t.target_id) as approvals
           from targets t
           join accounts a on a.workspace_id = t.workspace_id and a.account_id = t.account_id
           join posts p on p.workspace_id = t.workspace_id and p.post_id = t.post_id
           join post_versions v on v.workspace_id = t.workspace_id and v.post_id = t.post_id and v.version = p.version
           where t.workspace_id = $1 and t.target_id = any ($2)"#,
        workspace.uuid(),
        targets
    )
    .fetch_all(db)
    .await?)
}

pub struct NewReceipt {
    pub target: Uuid,
    pub post: Uuid,
    pub document: String,
    pub signature: Vec<u8>,
}

/// The first receipt of a target stands. A second could only come of a state that was put back by hand, and must not keep
/// the publication from being recorded.
pub async fn insert_all(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    receipts: Vec<NewReceipt>,
    key_id: &str,
    now: Timestamp,
) -> Result<()> {
    let targets: Vec<Uuid> = receipts.iter().map(|receipt| receipt.target).collect();
    let posts: Vec<Uuid> = receipts.iter().map(|receipt| receipt.post).collect();
    let (documents, signatures): (Vec<String>, Vec<Vec<u8>>) =
        receipts.into_iter().map(|receipt| (receipt.document, receipt.signature)).unzip();
    sqlx::query!(
        "insert into receipts (workspace_id, target_id, post_id, document, signature, key_id, created_at)
         select $1, n.target, n.post, n.document, n.signature, $2, $3
         from unnest($4::uuid[], $5::uuid[], $6::text[], $7::bytea[]) as n (target, post, document, signature)
         on conflict (workspace_id, target_id) do nothing",
        workspace.uuid(),
        key_id,
        now,
        &targets,
        &posts,
        &documents,
        &signatures
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A receipt as it is kept.
pub struct Kept {
    pub document: String,
    pub signature: Vec<u8>,
    pub key_id: String,
}

/// In the order of their accounts' networks and handles.
pub async fn of_post(db: &mut PgConnection, workspace: WorkspaceId, post: PostId) -> Result<Vec<Kept>> {
    Ok(sqlx::query_as!(
        Kept,
        "select r.document, r.signature, r.key_id from receipts r
         join targets t on t.workspace_id = r.workspace_id and t.target_id = r.target_id
         join accounts a on a.workspace_id = t.workspace_id and a.account_id = t.account_id
         where r.workspace_id = $1 and r.post_id = $2 order by a.network, a.handle, r.target_id",
        workspace.uuid(),
        post.uuid()
    )
    .fetch_all(db)
    .await?)
}
