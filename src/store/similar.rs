//! What an account said lately or is to say, as sketches of the texts. Reads; the sketch is written with the message.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AccountId, MemberId, PostId, WorkspaceId},
    model::similarity,
};

/// Posts of one account that are compared, the latest first.
const MOST: i64 = 3000;

/// A message that is public or on its way.
#[derive(Debug, Clone)]
pub struct Said {
    pub account_id: AccountId,
    pub post_id: PostId,
    pub ordinal: i32,
    pub state: String,
    /// When it was or is to be published.
    pub at: Timestamp,
    pub sketch: Vec<u8>,
}

/// The messages on these accounts that are or were due from `since` on, those of at most `MOST` posts of each account; of
/// others' posts only the public ones where `public_or_by` is given.
pub async fn since(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    accounts: &[AccountId],
    since: Timestamp,
    except: Option<PostId>,
    public_or_by: Option<MemberId>,
) -> Result<Vec<Said>> {
    let accounts: Vec<_> = accounts.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select t.account_id as "account_id: AccountId", t.post_id as "post_id: PostId", s.ordinal, t.state,
                  coalesce(t.published_at, t.due_at) as "at!: Timestamp", s.sketch,
                  case when s.sketch is null then s.text end as text
           from unnest($2::uuid[]) a (account_id) cross join lateral (
               select * from targets where workspace_id = $1 and account_id = a.account_id and due_at >= $3
                  and state in ('scheduled', 'publishing', 'unknown', 'held', 'published') and removed_at is null
               order by due_at desc limit $6
           ) t
           join posts p on p.workspace_id = $1 and p.post_id = t.post_id and p.deleted_at is null
           join segments s on s.workspace_id = $1 and s.target_id = t.target_id
           where ($4::uuid is null or t.post_id <> $4) and ($5::uuid is null or p.author_id = $5 or t.state = 'published')"#,
        workspace.uuid(),
        &accounts,
        since,
        except.map(PostId::uuid),
        public_or_by.map(MemberId::uuid),
        MOST
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Said {
            account_id: row.account_id,
            post_id: row.post_id,
            ordinal: row.ordinal,
            state: row.state,
            at: row.at,
            // Messages from before sketches were kept.
            sketch: row.sketch.unwrap_or_else(|| similarity::sketch(row.text.as_deref().unwrap_or_default())),
        })
        .collect())
}
