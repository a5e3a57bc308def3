//! What is said of all that a search measured together, as signals of how well one chunk answers.

use crate::{ids::ChunkId, model::confidence::Signals, store::knowledge::search::Scored};

pub(super) struct Measures {
    /// Mean of the ten greatest cosines.
    mean: f32,
    nearest: Option<ChunkId>,
    most_words: Option<ChunkId>,
    /// Whether the confidence knows this model's cosines.
    known: bool,
}

impl Measures {
    pub(super) fn of(scored: &[Scored], known: bool) -> Self {
        let mut cosines: Vec<f32> = scored.iter().filter_map(|scored| scored.cosine).collect();
        cosines.sort_by(|a, b| b.total_cmp(a));
        cosines.truncate(10);
        let count = u16::try_from(cosines.len().max(1)).map_or(1.0, f32::from);
        let by = |measure: fn(&Scored) -> f32| {
            scored.iter().max_by(|a, b| measure(a).total_cmp(&measure(b))).map(|scored| scored.chunk_id)
        };
        Self {
            mean: cosines.iter().sum::<f32>() / count,
            nearest: by(|scored| scored.cosine.unwrap_or(f32::MIN)),
            most_words: by(|scored| scored.words),
            known,
        }
    }

    pub(super) fn signals(&self, scored: &Scored, same_language: bool) -> Signals {
        Signals {
            cosine: scored.cosine.filter(|_| self.known),
            words: scored.words,
            coverage: scored.coverage,
            lead: scored.cosine.map_or(0.0, |cosine| cosine - self.mean),
            agree: self.nearest == Some(scored.chunk_id) && self.most_words == Some(scored.chunk_id),
            same_language,
        }
    }
}
