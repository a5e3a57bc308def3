//! The keyword index: how often a lexeme is in a chunk, and statistics by audience, so that what a role is told never
//! depends on documents that are not for it. Called under the lock of `state`.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{ChunkId, WorkspaceId},
};

/// A lexeme of a chunk, where PostgreSQL finds no words itself.
#[derive(Debug, Clone)]
pub struct Counted {
    pub chunk: ChunkId,
    pub lexeme: String,
    pub count: f32,
}

/// Indexes chunks of one language by PostgreSQL's configuration for it, and by the lexemes `more`, which repeat what is in the text
/// and do not make it longer. `texts` has one for each chunk.
pub async fn index(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    (language, config): (&str, &str),
    chunks: &[ChunkId],
    texts: &[String],
    more: &[Counted],
) -> Result<()> {
    let ids = uuids(chunks);
    let more_ids: Vec<Uuid> = more.iter().map(|counted| counted.chunk.uuid()).collect();
    let lexemes: Vec<String> = more.iter().map(|counted| counted.lexeme.clone()).collect();
    let counts: Vec<f32> = more.iter().map(|counted| counted.count).collect();
    sqlx::query!(
        "with terms as materialized (
             select given.chunk_id, u.lexeme, coalesce(cardinality(u.positions), 1)::real count
             from unnest($4::uuid[], $5::text[]) given (chunk_id, text),
                  unnest(to_tsvector($3::text::regconfig, given.text)) u
             where length(u.lexeme) <= 200),
         lengths as (select chunk_id, sum(count) length from terms group by chunk_id),
         told as (update chunks c set length = l.length from lengths l
                  where c.workspace_id = $1 and c.chunk_id = l.chunk_id)
         insert into chunk_terms (workspace_id, language, lexeme, chunk_id, audience, count, length)
         select $1, $2, t.lexeme, t.chunk_id, c.audience, t.count, l.length
         from (select * from terms
               union all
               select m.chunk_id, m.lexeme, m.count from unnest($6::uuid[], $7::text[], $8::real[]) m (chunk_id, lexeme, count)
               where not exists (select from terms t where t.chunk_id = m.chunk_id and t.lexeme = m.lexeme)) t
         join lengths l using (chunk_id)
         join chunks c on c.workspace_id = $1 and c.chunk_id = t.chunk_id",
        workspace.uuid(),
        language,
        config,
        &ids,
        texts,
        &more_ids,
        &lexemes,
        &counts
    )
    .execute(&mut *db)
    .await?;
    count(db, workspace, &ids, 1).await
}

/// Indexes chunks by lexemes that were found elsewhere.
pub async fn index_counted(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    language: &str,
    counted: &[Counted],
) -> Result<()> {
    let ids: Vec<Uuid> = counted.iter().map(|counted| counted.chunk.uuid()).collect();
    let lexemes: Vec<String> = counted.iter().map(|counted| counted.lexeme.clone()).collect();
    let counts: Vec<f32> = counted.iter().map(|counted| counted.count).collect();
    sqlx::query!(
        "with terms as materialized (
             select chunk_id, lexeme, count from unnest($3::uuid[], $4::text[], $5::real[]) given (chunk_id, lexeme, count)),
         lengths as (select chunk_id, sum(count) length from terms group by chunk_id),
         told as (update chunks c set length = l.length from lengths l
                  where c.workspace_id = $1 and c.chunk_id = l.chunk_id)
         insert into chunk_terms (workspace_id, language, lexeme, chunk_id, audience, count, length)
         select $1, $2, t.lexeme, t.chunk_id, c.audience, t.count, l.length
         from terms t join lengths l using (chunk_id)
         join chunks c on c.workspace_id = $1 and c.chunk_id = t.chunk_id",
        workspace.uuid(),
        language,
        &ids,
        &lexemes,
        &counts
    )
    .execute(&mut *db)
    .await?;
    let mut ids = ids;
    ids.dedup();
    count(db, workspace, &ids, 1).await
}

/// Takes chunks out of the statistics, before they are deleted; their rows go with them.
pub async fn forget(db: &mut PgConnection, workspace: WorkspaceId, chunks: &[ChunkId]) -> Result<()> {
    count(db, workspace, &uuids(chunks), -1).await?;
    // What is in no chunk any more is unknown again.
    sqlx::query!("delete from term_stats where workspace_id = $1 and chunks <= 0", workspace.uuid())
        .execute(&mut *db)
        .await?;
    sqlx::query!("delete from chunk_stats where workspace_id = $1 and chunks <= 0", workspace.uuid())
        .execute(db)
        .await?;
    Ok(())
}

/// Counts chunks in or out.
async fn count(db: &mut PgConnection, workspace: WorkspaceId, ids: &[Uuid], by: i32) -> Result<()> {
    sqlx::query!(
        "insert into term_stats (workspace_id, language, lexeme, audience, chunks)
         select workspace_id, language, lexeme, audience, $3 * count(*)::integer from chunk_terms
         where workspace_id = $1 and chunk_id = any($2) group by workspace_id, language, lexeme, audience
         on conflict (workspace_id, language, lexeme, audience) do update
         set chunks = term_stats.chunks + excluded.chunks",
        workspace.uuid(),
        ids,
        by
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into chunk_stats (workspace_id, language, audience, chunks, length)
         select workspace_id, language, audience, $3 * count(*)::integer, $3 * sum(length)::double precision from chunks
         where workspace_id = $1 and chunk_id = any($2) group by workspace_id, language, audience
         on conflict (workspace_id, language, audience) do update
         set chunks = chunk_stats.chunks + excluded.chunks, length = chunk_stats.length + excluded.length",
        workspace.uuid(),
        ids,
        by
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) fn uuids(chunks: &[ChunkId]) -> Vec<Uuid> {
    chunks.iter().map(|id| id.uuid()).collect()
}
