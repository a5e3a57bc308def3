//! The fitted numbers as they are kept, and what they say of a search.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};

use crate::model::{
    confidence::{Curve, Signal, Signals},
    evaluation::logistic::{Logistic, Term},
};

/// Everything that `allin kb calibrate` fits, with what it was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curves {
    pub version: u32,
    /// The embedding model's name, for people.
    pub model: String,
    /// Of its weights; cosines of other models are on another scale.
    pub model_sha256: String,
    /// SHA-256 of the questions that they were fitted on.
    pub questions_sha256: String,
    pub fusion: Fusion,
    /// From which confidence on a question is answered.
    pub threshold: f32,
    pub curves: BTreeMap<Curve, Fitted>,
}

/// What a chunk is ranked by: the cosine as deviations from its mean, plus the words' weight times their score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fusion {
    /// Of a question and any passage.
    pub cosine_mean: f32,
    pub cosine_deviation: f32,
    pub words_weight: f32,
    /// By how much two questions come nearer to each other than a question to a passage, in the mean.
    pub question_lift: f32,
}

/// One logistic curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// Questions that it was fitted on.
    pub cases: usize,
    pub intercept: f64,
    pub terms: Vec<Weighed>,
}

/// A signal, standardised and weighed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    pub signal: Signal,
    pub mean: f64,
    pub deviation: f64,
    pub weight: f64,
}

const SHIPPED: &str = include_str!("curves.json");

impl Curves {
    /// Those of this program.
    pub fn shipped() -> &'static Self {
        static CURVES: OnceLock<Curves> = OnceLock::new();
        CURVES.get_or_init(|| serde_json::from_str(SHIPPED).unwrap_or_else(|_| Self::none()))
    }

    /// Trusts nothing; never used, because a test reads the shipped ones.
    fn none() -> Self {
        let fusion = Fusion { cosine_mean: 0.0, cosine_deviation: 1.0, words_weight: 1.0, question_lift: 0.0 };
        let (model, model_sha256, questions_sha256) = (String::new(), String::new(), String::new());
        Self { version: 0, model, model_sha256, questions_sha256, fusion, threshold: 1.0, curves: BTreeMap::new() }
    }

    pub fn is_of(&self, model_sha256: &[u8]) -> bool {
        self.model_sha256 == data_encoding::HEXLOWER.encode(model_sha256)
    }

    /// From 0 to 1; 0 where there is no curve.
    pub fn confidence(&self, signals: &Signals) -> f32 {
        self.curves.get(&Curve::of(signals)).map_or(0.0, |curve| single(curve.probability(signals)))
    }
}

impl Fitted {
    pub fn probability(&self, signals: &Signals) -> f64 {
        self.logistic().probability(&values(self.terms.iter().map(|term| term.signal), signals))
    }

    fn logistic(&self) -> Logistic {
        let term = |term: &Weighed| Term { mean: term.mean, deviation: term.deviation, weight: term.weight };
        Logistic { intercept: self.intercept, terms: self.terms.iter().map(term).collect() }
    }

    pub fn new(cases: usize, of: &[Signal], fitted: &Logistic) -> Self {
        let terms = of.iter().zip(&fitted.terms);
        Self {
            cases,
            intercept: shortened(fitted.intercept),
            terms: terms
                .map(|(signal, term)| Weighed {
                    signal: *signal,
                    mean: shortened(term.mean),
                    deviation: shortened(term.deviation),
                    weight: shortened(term.weight),
                })
                .collect(),
        }
    }
}

/// What a curve over these signals looks at.
pub fn values(of: impl Iterator<Item = Signal>, signals: &Signals) -> Vec<f64> {
    of.map(|signal| signal.of(signals)).collect()
}

/// The last digits change with the machine and say nothing.
fn shortened(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[expect(clippy::cast_possible_truncation, reason = "a confidence needs no more than single precision")]
const fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: Signals = Signals {
        cosine: Some(0.9),
        words: 0.5,
        coverage: 0.8,
        lead: 0.04,
        stands_out: 3.5,
        matched: 2.0,
        worth: 2.5,
        same_language: true,
    };

    #[test]
    fn the_shipped_numbers_are_read() {
        let curves: Curves = serde_json::from_str(SHIPPED).unwrap();
        assert_eq!(Curves::shipped(), &curves);
        assert_eq!(curves.curves.keys().copied().collect::<Vec<_>>(), Curve::ALL);
        assert!(curves.curves.values().all(|curve| curve.terms.iter().all(|term| term.deviation > 0.0)));
        assert!(curves.threshold > 0.0 && curves.threshold < 1.0);
        assert_eq!(curves.model_sha256.len(), 64);
    }

    #[test]
    fn a_good_match_is_trusted_and_a_bad_one_is_not() {
        let curves = Curves::shipped();
        let bad = Signals {
            cosine: Some(0.78),
            words: 0.02,
            coverage: 0.05,
            lead: 0.001,
            stands_out: 0.1,
            matched: 0.1,
            ..CASE
        };
        for (name, good, bad) in [
            ("own", CASE, bad),
            (
                "across",
                Signals { same_language: false, coverage: 0.2, ..CASE },
                Signals { same_language: false, ..bad },
            ),
            ("words", Signals { cosine: None, lead: 0.0, ..CASE }, Signals { cosine: None, lead: 0.0, ..bad }),
        ] {
            assert!(curves.confidence(&good) > curves.threshold, "{name}: {}", curves.confidence(&good));
            assert!(curves.confidence(&bad) < curves.threshold, "{name}: {}", curves.confidence(&bad));
        }
    }

    #[test]
    fn the_curve_goes_by_language_and_words() {
        assert_eq!(Curve::of(&CASE), Curve::Own);
        assert_eq!(Curve::of(&Signals { same_language: false, ..CASE }), Curve::Own);
        assert_eq!(Curve::of(&Signals { same_language: false, coverage: 0.2, ..CASE }), Curve::Across);
        assert_eq!(Curve::of(&Signals { cosine: None, ..CASE }), Curve::Words);
    }

    #[test]
    fn without_curves_nothing_is_trusted() {
        assert!(Curves::none().confidence(&CASE) < Curves::none().threshold);
    }
}
