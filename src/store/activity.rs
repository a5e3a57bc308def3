//! What one member did, from the audit log: through whichever connection or key, since the actor begins with the member.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{MemberId, WorkspaceId},
};

/// An entry, as far as it tells what somebody did.
pub struct Did {
    pub entry_id: Uuid,
    pub at: Timestamp,
    pub actor: String,
    pub use_case: String,
    /// `done` or `refused`.
    pub outcome: String,
    pub changes: Value,
}

/// `mbr_…` itself and everything that begins with `mbr_…/`: from the first to before the second.
fn bounds(member: MemberId) -> (String, String) {
    (member.to_string(), format!("{member}0"))
}

/// Newest first, those before `before`. What only says that a call was begun is left out: its end has an entry too. The
/// actors are few, so each is looked up in the index by itself.
pub async fn list(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Did>> {
    let (first, end) = bounds(member);
    Ok(sqlx::query_as!(
        Did,
        r#"with recursive actors (actor) as (
               (select e.actor from audit_entries e
                where e.workspace_id = $1 and e.actor collate "C" >= $2 and e.actor collate "C" < $3
                order by e.actor collate "C" limit 1)
               union all
               select (select e.actor from audit_entries e
                       where e.workspace_id = $1 and e.actor collate "C" > a.actor and e.actor collate "C" < $3
                       order by e.actor collate "C" limit 1)
               from actors a where a.actor is not null
           )
           select n.entry_id as "entry_id!", n.at as "at!", n.actor as "actor!", n.use_case as "use_case!",
                  n.outcome as "outcome!", n.changes as "changes!"
           from actors a cross join lateral (
               select e.* from audit_entries e
               where e.workspace_id = $1 and e.actor collate "C" = a.actor and e.outcome <> 'unknown'
                 and ($4::uuid is null or e.entry_id < $4)
               order by e.entry_id desc limit $5
           ) n
           where a.actor is not null order by n.entry_id desc limit $5"#,
        workspace.uuid(),
        first,
        end,
        before,
        limit
    )
    .fetch_all(db)
    .await?)
}

/// How many entries fall between each two of these instants, which go up: one number fewer than there are instants.
pub async fn counts(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    instants: &[Timestamp],
) -> Result<Vec<i64>> {
    let (first, end) = bounds(member);
    // Ids begin with the millisecond they were made in, so that older entries are left out by the index alone.
    let millis = instants.first().map_or(0, |start| u128::try_from(start.as_micros() / 1000).unwrap_or(0));
    let oldest = Uuid::from_u128(millis << 80);
    let rows = sqlx::query!(
        r#"select width_bucket(at, $4::timestamptz[]) as "bucket!", count(*) as "count!" from audit_entries
           where workspace_id = $1 and actor collate "C" >= $2 and actor collate "C" < $3 and entry_id >= $5
             and outcome <> 'unknown' and at >= ($4::timestamptz[])[1] and at < ($4::timestamptz[])[cardinality($4)]
           group by 1"#,
        workspace.uuid(),
        first,
        end,
        instants as &[Timestamp],
        oldest
    )
    .fetch_all(db)
    .await?;
    let count = |bucket| rows.iter().find(|row| row.bucket == bucket).map_or(0, |row| row.count);
    Ok((1..).take(instants.len().saturating_sub(1)).map(count).collect())
}
