//! What members think of answers, and of the chunks that these cited: one voice a member each.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AnswerId, ChunkId, MemberId, WorkspaceId},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    pub answer: AnswerId,
    pub member: MemberId,
    pub helpful: bool,
    pub comment: Option<String>,
}

/// The member's own, if any.
pub async fn get(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    answer: AnswerId,
    member: MemberId,
) -> Result<Option<Rating>> {
    Ok(sqlx::query_as!(
        Rating,
        r#"select answer_id as "answer: _", member_id as "member: _", helpful, comment from answer_ratings
           where workspace_id = $1 and answer_id = $2 and member_id = $3"#,
        workspace.uuid(),
        answer.uuid(),
        member.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// In place of an earlier one.
pub async fn put(db: &mut PgConnection, workspace: WorkspaceId, rating: &Rating, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into answer_ratings (workspace_id, answer_id, member_id, helpful, comment, rated_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (workspace_id, answer_id, member_id) do update
         set helpful = excluded.helpful, comment = excluded.comment, rated_at = excluded.rated_at",
        workspace.uuid(),
        rating.answer.uuid(),
        rating.member.uuid(),
        rating.helpful,
        rating.comment,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The member's voice on these chunks; the last one counts. Returns how many voices are new or turned.
pub async fn put_chunks(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    chunks: &[ChunkId],
    rating: &Rating,
    now: Timestamp,
) -> Result<u64> {
    let ids: Vec<Uuid> = chunks.iter().map(|chunk| chunk.uuid()).collect();
    let done = sqlx::query!(
        "insert into chunk_ratings as r (workspace_id, chunk_id, member_id, helpful, rated_at)
         select $1, chunk_id, $3, $4, $5 from unnest($2::uuid[]) chunk_id
         on conflict (workspace_id, chunk_id, member_id) do update set helpful = excluded.helpful, rated_at = excluded.rated_at
             where r.helpful <> excluded.helpful",
        workspace.uuid(),
        &ids,
        rating.member.uuid(),
        rating.helpful,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Which of the chunks were rated, by how many members as helpful and as not. For `model::feedback::weight`.
pub async fn of(db: &mut PgConnection, workspace: WorkspaceId, chunks: &[ChunkId]) -> Result<Vec<(ChunkId, u32, u32)>> {
    let ids: Vec<Uuid> = chunks.iter().map(|chunk| chunk.uuid()).collect();
    let rows = sqlx::query!(
        r#"select chunk_id as "chunk: ChunkId", count(*) filter (where helpful) as "helpful!",
                  count(*) filter (where not helpful) as "unhelpful!"
           from chunk_ratings where workspace_id = $1 and chunk_id = any ($2) group by chunk_id"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?;
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(rows.into_iter().map(|row| (row.chunk, count(row.helpful), count(row.unhelpful))).collect())
}
