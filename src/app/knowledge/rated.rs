//! What was found, in the order that members' ratings make of it: within the bounds of `model::feedback`.

use std::collections::HashMap;

use crate::{
    error::Result,
    ids::{ChunkId, WorkspaceId},
    model::{confidence, feedback},
    store::{
        db::Tx,
        knowledge::{ratings, search::Scored},
    },
};

/// Best first. Where nobody rated, the order stays.
pub(super) async fn ranked(tx: &mut Tx, workspace: WorkspaceId, mut scored: Vec<Scored>) -> Result<Vec<Scored>> {
    let ids: Vec<ChunkId> = scored.iter().map(|scored| scored.chunk_id).collect();
    let rated = ratings::of(tx, workspace, &ids).await?;
    if !rated.is_empty() {
        let weights: HashMap<ChunkId, f32> = rated
            .into_iter()
            .map(|(chunk, helpful, unhelpful)| (chunk, feedback::weight(helpful, unhelpful)))
            .collect();
        let worth = |scored: &Scored| {
            let fused = confidence::fused(scored.cosine, scored.words);
            // Below zero, too, a good rating lifts.
            fused + fused.abs() * (weights.get(&scored.chunk_id).copied().unwrap_or(1.0) - 1.0)
        };
        // Stable: what is worth the same stays as it was.
        scored.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    }
    Ok(scored)
}
