//! What is said of all that a search measured together, as signals of how well one chunk answers.

use std::collections::BTreeMap;

use crate::{
    ids::ChunkId,
    model::{
        confidence::{self, Signals},
        documents::Language,
    },
    store::knowledge::search::Scored,
};

/// How many of the others a chunk is compared with.
const OTHERS: usize = 5;

pub(super) struct Measures {
    /// Mean of the ten greatest cosines.
    mean: f32,
    /// What the best are ranked by, best first.
    best: Vec<(ChunkId, f32)>,
    /// What all of the question's words are worth, by language.
    worths: BTreeMap<String, f32>,
    asked_in: Option<Language>,
    /// Whether the confidence knows this model's cosines.
    known: bool,
}

impl Measures {
    pub(super) fn of(query: &str, scored: &[Scored], worths: BTreeMap<String, f32>, known: bool) -> Self {
        let mut cosines: Vec<f32> = scored.iter().filter_map(|scored| scored.cosine).collect();
        cosines.sort_by(|a, b| b.total_cmp(a));
        cosines.truncate(10);
        let mut best: Vec<(ChunkId, f32)> = scored.iter().map(|scored| (scored.chunk_id, fused(scored))).collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1));
        best.truncate(OTHERS + 1);
        Self { mean: mean(cosines.into_iter()), best, worths, asked_in: Language::of_question(query), known }
    }

    pub(super) fn signals(&self, scored: &Scored, language: &str) -> Signals {
        let others = self.best.iter().filter(|(id, _)| *id != scored.chunk_id).map(|(_, fused)| *fused).take(OTHERS);
        let worth = self.worths.get(language).copied().unwrap_or_default();
        Signals {
            cosine: scored.cosine.filter(|_| self.known),
            words: scored.words,
            coverage: scored.coverage,
            lead: scored.cosine.map_or(0.0, |cosine| cosine - self.mean),
            stands_out: fused(scored) - mean(others),
            matched: scored.coverage * worth,
            worth,
            same_language: self.asked_in.is_none_or(|asked| asked.code() == language),
        }
    }
}

fn fused(scored: &Scored) -> f32 {
    confidence::fused(scored.cosine, scored.words)
}

/// 0 of nothing.
fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}
