//! Images and videos: one row of facts, the bytes in chunks, each content once per workspace.

use sqlx::PgConnection;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{AssetId, WorkspaceId},
    model::{media::VideoFacts, networks::MediaFacts},
    vault::sha256,
};

/// Bytes in one stored chunk.
const CHUNK: usize = 512 * 1024;

#[derive(Debug, Clone)]
pub struct Asset {
    pub asset_id: AssetId,
    pub mime: String,
    pub bytes: i64,
    pub width: i32,
    pub height: i32,
    pub alt_text: String,
    pub file_name: Option<String>,
    pub created_at: Timestamp,
    pub duration_ms: Option<i64>,
    /// Set for videos only.
    pub video_codec: Option<String>,
    pub audio_codec: Option<String>,
    pub frames_per_1000s: Option<i64>,
}

impl Asset {
    /// What the rules of networks look at, with the description that the asset has.
    pub fn facts(&self) -> MediaFacts {
        MediaFacts {
            mime: self.mime.clone(),
            bytes: u64::try_from(self.bytes).unwrap_or(0),
            width: u32::try_from(self.width).unwrap_or(0),
            height: u32::try_from(self.height).unwrap_or(0),
            alt_text: self.alt_text.clone(),
            video: self.video_codec.as_ref().map(|codec| VideoFacts {
                duration_ms: self.duration_ms.and_then(|millis| u64::try_from(millis).ok()),
                codec: codec.clone(),
                audio_codec: self.audio_codec.clone(),
                frames_per_1000s: self.frames_per_1000s.and_then(|frames| u64::try_from(frames).ok()),
            }),
        }
    }
}

/// Stores the bytes under `id`, or returns the asset that holds the same bytes already.
pub async fn insert(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    asset: &Asset,
    sha256: &[u8; 32],
    data: &[u8],
) -> Result<AssetId> {
    let inserted = sqlx::query!(
        "insert into assets (workspace_id, asset_id, sha256, mime, bytes, width, height, alt_text, file_name, created_at,
                             duration_ms, video_codec, audio_codec, frames_per_1000s)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (workspace_id, sha256) do nothing",
        workspace.uuid(),
        asset.asset_id.uuid(),
        sha256.as_slice(),
        asset.mime,
        asset.bytes,
        asset.width,
        asset.height,
        asset.alt_text,
        asset.file_name,
        asset.created_at,
        asset.duration_ms,
        asset.video_codec,
        asset.audio_codec,
        asset.frames_per_1000s
    )
    .execute(&mut *db)
    .await?;
    if inserted.rows_affected() == 0 {
        // A description given now replaces an empty one; it never erases one.
        return Ok(sqlx::query_scalar!(
            r#"update assets set alt_text = case when $3 = '' then alt_text else $3 end
               where workspace_id = $1 and sha256 = $2 returning asset_id as "id: AssetId""#,
            workspace.uuid(),
            sha256.as_slice(),
            asset.alt_text
        )
        .fetch_one(db)
        .await?);
    }
    for (ordinal, chunk) in data.chunks(CHUNK).enumerate() {
        sqlx::query!(
            "insert into asset_chunks (workspace_id, asset_id, ordinal, data) values ($1, $2, $3, $4)",
            workspace.uuid(),
            asset.asset_id.uuid(),
            i32::try_from(ordinal).unwrap_or(i32::MAX),
            chunk
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(asset.asset_id)
}

/// Hash and description of those of the ids that exist.
pub async fn hashes(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    ids: &[AssetId],
) -> Result<Vec<(AssetId, Vec<u8>, String)>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select asset_id as "id: AssetId", sha256, alt_text from assets where workspace_id = $1 and asset_id = any ($2)"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.sha256, row.alt_text)).collect())
}

/// Those with one of these SHA-256 hashes.
pub async fn by_hash(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    hashes: &[Vec<u8>],
) -> Result<Vec<([u8; 32], AssetId)>> {
    let rows = sqlx::query!(
        r#"select sha256, asset_id as "id: AssetId" from assets where workspace_id = $1 and sha256 = any ($2)"#,
        workspace.uuid(),
        hashes
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.sha256.try_into().ok()?, row.id))).collect())
}

/// Those of the ids that exist.
pub async fn get_many(db: &mut PgConnection, workspace: WorkspaceId, ids: &[AssetId]) -> Result<Vec<Asset>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    Ok(sqlx::query_as!(
        Asset,
        r#"select asset_id as "asset_id: AssetId", mime, bytes, width, height, alt_text, file_name, created_at,
                  duration_ms, video_codec, audio_codec, frames_per_1000s
           from assets where workspace_id = $1 and asset_id = any ($2)"#,
        workspace.uuid(),
        &ids
    )
    .fetch_all(db)
    .await?)
}

/// The bytes; empty when there is no such asset. Refuses bytes that are not those that were stored.
pub async fn data(db: &mut PgConnection, workspace: WorkspaceId, id: AssetId) -> Result<Vec<u8>> {
    let stored = sqlx::query_scalar!(
        "select sha256 from assets where workspace_id = $1 and asset_id = $2",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(stored) = stored else { return Ok(Vec::new()) };
    let chunks = sqlx::query_scalar!(
        "select data from asset_chunks where workspace_id = $1 and asset_id = $2 order by ordinal",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_all(db)
    .await?;
    let data = chunks.concat();
    if sha256(&data).as_slice() != stored.as_slice() {
        return Err(Error::internal(format!("the bytes of {id} are not those that were stored")));
    }
    Ok(data)
}
