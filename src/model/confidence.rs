//! How likely it is that what was found answers the question: a calibrated logistic over what was measured of the search,
//! one curve for questions in the language of what was found, one for others, and one where only words were compared.
//! The numbers are in `confidence/curves.json`, fitted by `allin kb calibrate`.

mod curves;

use serde::{Deserialize, Serialize};

pub use self::curves::{Curves, Fitted, Fusion, Weighed};

/// What was measured of a question and one chunk that was found for it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Signals {
    /// Of the chunk's nearest window; with questions that it is asked the mean of that and of the nearest of these, lowered. none where only words were compared, or where the model's cosines mean nothing here.
    pub cosine: Option<f32>,
    /// BM25 over the greatest that the question's words could reach, from 0 to about 1.
    pub words: f32,
    /// Share of the question's words in the chunk, weighted by their rarity, from 0 to 1.
    pub coverage: f32,
    /// The cosine less the mean of the ten best.
    pub lead: f32,
    /// What it is ranked by, less the mean of the five best others.
    pub stands_out: f32,
    /// How much of the question is in the chunk, in words as rare as those that no document has.
    pub matched: f32,
    /// How much all of the question is, in the same unit: what a long question has in common with a chunk tells more.
    pub worth: f32,
    /// Whether question and chunk are in one language, as far as it can be told.
    pub same_language: bool,
}

/// One number of the signals that a curve weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    Cosine,
    Words,
    Coverage,
    Lead,
    StandsOut,
    Matched,
    Worth,
}

impl Signal {
    pub fn of(self, signals: &Signals) -> f64 {
        f64::from(match self {
            Self::Cosine => signals.cosine.unwrap_or_default(),
            Self::Words => signals.words,
            Self::Coverage => signals.coverage,
            Self::Lead => signals.lead,
            Self::StandsOut => signals.stands_out,
            Self::Matched => signals.matched,
            Self::Worth => signals.worth,
        })
    }
}

/// Which curve tells of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// In the language of what was found.
    Own,
    /// In another language: words tell little.
    Across,
    /// Only words were compared.
    Words,
}

impl Curve {
    pub const ALL: [Self; 3] = [Self::Own, Self::Across, Self::Words];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Across => "across",
            Self::Words => "words",
        }
    }

    /// The language of a few words is often mistaken; a question whose words are in the text is in its language.
    pub fn of(signals: &Signals) -> Self {
        match signals.cosine {
            None => Self::Words,
            Some(_) if signals.same_language || signals.coverage >= OWN_FROM => Self::Own,
            Some(_) => Self::Across,
        }
    }
}

/// Names alone make up less of a question in another language.
const OWN_FROM: f32 = 0.5;

/// What a chunk is ranked by: both measures on one scale.
pub fn fused(cosine: Option<f32>, words: f32) -> f32 {
    let weights = weights();
    (cosine.unwrap_or(weights.missing) - weights.missing) * weights.cosine + weights.words * words
}

/// What [`fused`] is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    pub cosine: f32,
    pub words: f32,
    /// The cosine that stands for a missing one.
    pub missing: f32,
    /// What is taken off the cosine of two questions, so that it compares with that of a question and a passage.
    pub question: f32,
}

pub fn weights() -> Weights {
    let fusion = Curves::shipped().fusion;
    Weights {
        cosine: 1.0 / fusion.cosine_deviation,
        words: fusion.words_weight,
        missing: fusion.cosine_mean,
        question: fusion.question_lift,
    }
}

/// Whether cosines of the model with this SHA-256 are those that the curves were fitted to. Those of another one are on
/// another scale: the confidence goes by words alone then.
pub fn knows(model_sha256: &[u8]) -> bool {
    Curves::shipped().is_of(model_sha256)
}

/// Below this a person should answer.
pub fn threshold() -> f32 {
    Curves::shipped().threshold
}

/// From 0 to 1.
pub fn confidence(signals: &Signals) -> f32 {
    Curves::shipped().confidence(signals)
}
