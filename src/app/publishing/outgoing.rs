//! A stored message made ready for an adapter.

use bytes::Bytes;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    app::App,
    clients::networks::{Media, Outgoing, Remote},
    clock::Timestamp,
    error::{Error, Result},
    ids::WorkspaceId,
    store::{assets, db::Entrance, targets::Segment},
};

/// Builds what the adapter takes. `thread` has all messages of the target, in order.
pub fn build(thread: &[Segment], segment: &Segment, media: Vec<Media>, now: Timestamp) -> Result<Outgoing> {
    let before: Vec<Remote> = thread
        .iter()
        .take_while(|earlier| earlier.ordinal < segment.ordinal)
        .filter_map(|earlier| earlier.remote.clone())
        .map(|remote| serde_json::from_value(remote).map_err(Error::internal))
        .collect::<Result<_>>()?;
    Ok(Outgoing {
        key: segment.send_key,
        created_at: segment.stamped_at.unwrap_or(now),
        text: segment.message.text.clone(),
        media,
        prepared: segment.prepared.clone().unwrap_or(Value::Null),
        root: before.first().cloned(),
        parent: before.last().cloned(),
    })
}

/// The images of a message. `with_bytes` reads the images themselves, which only preparing needs.
pub async fn media(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    segment: &Segment,
    with_bytes: bool,
) -> Result<Vec<Media>> {
    if segment.message.media.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = segment.message.media.iter().map(|media| media.asset_id).collect();
    let facts = assets::get_many(db, workspace, &ids).await?;
    let mut media = Vec::new();
    for wanted in &segment.message.media {
        let fact = facts.iter().find(|fact| fact.asset_id == wanted.asset_id);
        let fact = fact.ok_or_else(|| Error::internal(format!("asset {} is gone", wanted.asset_id)))?;
        let bytes = if with_bytes { assets::data(db, workspace, wanted.asset_id).await? } else { Vec::new() };
        media.push(Media {
            mime: fact.mime.clone(),
            bytes: Bytes::from(bytes),
            alt_text: wanted.alt_text.clone().unwrap_or_default(),
            width: u32::try_from(fact.width).unwrap_or(1),
            height: u32::try_from(fact.height).unwrap_or(1),
        });
    }
    Ok(media)
}

/// [`media`] in a transaction of its own, which most messages need not, and which holds one of the deliveries' slots.
pub async fn media_apart(app: &App, workspace: WorkspaceId, segment: &Segment, with_bytes: bool) -> Result<Vec<Media>> {
    if segment.message.media.is_empty() {
        return Ok(Vec::new());
    }
    let _slot = app.engine.slot().await?;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let media = media(&mut tx, workspace, segment, with_bytes).await?;
    tx.finish_read();
    Ok(media)
}
