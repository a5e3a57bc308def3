//! How likely it is that what was found answers the question: a calibrated logistic over what was measured of the search,
//! one curve for questions in the language of what was found, one for others, and one where only words were compared.

/// What was measured of a question and one chunk that was found for it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signals {
    /// Of the chunk's nearest window; none where only words were compared.
    pub cosine: Option<f32>,
    /// BM25 over the greatest that the question's words could reach, from 0 to about 1.
    pub words: f32,
    /// Share of the question's words in the chunk, weighted by their rarity, from 0 to 1.
    pub coverage: f32,
    /// The cosine less the mean of the ten best.
    pub lead: f32,
    /// Whether the chunk is the best by meaning and by words.
    pub agree: bool,
    /// Whether question and chunk are in one language, as far as it can be told.
    pub same_language: bool,
}

/// Below this a person should answer.
pub const THRESHOLD: f32 = 0.5;

/// Mean and deviation of cosines between a question and any passage, of the model multilingual-e5-small (facts: a random
/// pair has 0.742, the best of many 0.866).
const COSINE_MEAN: f32 = 0.78;
const COSINE_DEVIATION: f32 = 0.03;
/// What words weigh against meaning (facts: 8 was best over three sets, 4 to 16 differ little).
pub const WORDS_WEIGHT: f32 = 8.0;

/// What a chunk is ranked by: both measures on one scale.
pub fn fused(cosine: Option<f32>, words: f32) -> f32 {
    cosine.map_or(0.0, |cosine| (cosine - COSINE_MEAN) / COSINE_DEVIATION) + WORDS_WEIGHT * words
}

/// The weights of cosine and words in [`fused`], and the cosine that stands for a missing one.
pub const fn weights() -> (f32, f32, f32) {
    (1.0 / COSINE_DEVIATION, WORDS_WEIGHT, COSINE_MEAN)
}

/// From 0 to 1.
pub fn confidence(signals: &Signals) -> f32 {
    let logit = match signals.cosine {
        Some(cosine) if signals.same_language => {
            20.0 * (cosine - 0.84) + 6.0 * (signals.coverage - 0.45) + if signals.agree { 0.5 } else { -0.5 }
        }
        Some(cosine) => 40.0 * (cosine - 0.84) + 20.0 * (signals.lead - 0.02),
        None => 6.0 * (signals.coverage - 0.5),
    };
    1.0 / (1.0 + (-logit).exp())
}
