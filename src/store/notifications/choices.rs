//! What members have chosen: which kinds reach them, and which way.

use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{MemberId, WorkspaceId},
    model::notifications::Choice,
};

/// Keeps a choice; a way that is `None` stays as it was.
pub async fn choose(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId, choice: Choice) -> Result<()> {
    sqlx::query!(
        "insert into notification_choices (workspace_id, member_id, kind, app, mail) values ($1, $2, $3, $4, $5)
         on conflict (workspace_id, member_id, kind) do update
             set app = coalesce(excluded.app, notification_choices.app), mail = coalesce(excluded.mail, notification_choices.mail)",
        workspace.uuid(),
        member.uuid(),
        choice.kind.as_str(),
        choice.app,
        choice.mail
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a member has chosen.
pub async fn choices(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<Vec<Choice>> {
    let rows = sqlx::query!(
        "select kind, app, mail from notification_choices where workspace_id = $1 and member_id = $2",
        workspace.uuid(),
        member.uuid()
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok(Choice { kind: row.kind.parse()?, app: row.app, mail: row.mail })).collect()
}
