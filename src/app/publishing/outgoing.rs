//! A stored message made ready for an adapter.

use bytes::Bytes;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    clients::networks::{Media, Outgoing, Remote},
    clock::Timestamp,
    error::{Error, Result},
    ids::WorkspaceId,
    store::{
        assets,
        targets::{Segment, Target},
    },
};

/// The messages of one target, in order.
pub struct Thread<'a> {
    pub target: &'a Target,
    pub segments: &'a [Segment],
}

impl Thread<'_> {
    /// The first message that is not public yet.
    pub fn next(&self) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.remote.is_none())
    }

    /// Builds what the adapter takes. `with_media` reads the images' bytes, which only publishing needs.
    pub async fn outgoing(
        &self,
        db: &mut PgConnection,
        workspace: WorkspaceId,
        segment: &Segment,
        now: Timestamp,
        with_media: bool,
    ) -> Result<Outgoing> {
        let before: Vec<Remote> = self
            .segments
            .iter()
            .take_while(|earlier| earlier.ordinal < segment.ordinal)
            .filter_map(|earlier| earlier.remote.clone())
            .map(|remote| serde_json::from_value(remote).map_err(Error::internal))
            .collect::<Result<_>>()?;
        let mut media = Vec::new();
        let ids: Vec<_> = segment.message.media.iter().map(|media| media.asset_id).collect();
        let facts = assets::get_many(db, workspace, &ids).await?;
        for wanted in &segment.message.media {
            let fact = facts.iter().find(|fact| fact.asset_id == wanted.asset_id);
            let fact = fact.ok_or_else(|| Error::internal(format!("asset {} is gone", wanted.asset_id)))?;
            let bytes = if with_media { assets::data(db, workspace, wanted.asset_id).await? } else { Vec::new() };
            media.push(Media {
                mime: fact.mime.clone(),
                bytes: Bytes::from(bytes),
                alt_text: wanted.alt_text.clone().unwrap_or_default(),
                width: u32::try_from(fact.width).unwrap_or(1),
                height: u32::try_from(fact.height).unwrap_or(1),
            });
        }
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
}
