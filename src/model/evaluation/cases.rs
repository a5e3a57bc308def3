//! What was measured of each question, and the figures over any of them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{
    confidence::Signals,
    evaluation::{
        bootstrap::{self, interval},
        confidence::{self, Judged},
        ranking::Ranking,
    },
    statistics::count,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    Answerable,
    /// The documents do not know.
    OutOfScope,
    /// They would know, but what answers was hidden.
    NearMiss,
}

/// One question, or one whose answers were hidden.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Cases of one document are alike.
    pub group: u64,
    pub truth: Truth,
    /// In another language than the documents.
    pub across: bool,
    pub kind: Option<String>,
    /// Of an answerable one.
    pub ranking: Option<Ranking>,
    /// Of the best that was found; none when nothing was.
    pub signals: Option<Signals>,
    pub confidence: f64,
}

/// Figures over some cases, by name. What cannot be computed of them is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub answerable: usize,
    pub out_of_scope: usize,
    pub near_misses: usize,
    #[serde(flatten)]
    pub values: BTreeMap<&'static str, f64>,
    /// Lower and upper end, 95 %.
    pub intervals: BTreeMap<&'static str, [f64; 2]>,
}

type Figure = fn(&[&Case], f64) -> Option<f64>;

/// Every figure, in the order in which they are shown.
pub const FIGURES: [(&str, Figure); 11] = [
    ("recall_at_1", |cases, _| ranked(cases, |ranking| ranking.recall_at(1))),
    ("recall_at_5", |cases, _| ranked(cases, |ranking| ranking.recall_at(5))),
    ("ndcg_at_10", |cases, _| ranked(cases, |ranking| ranking.ndcg_at(10))),
    ("mrr", |cases, _| ranked(cases, Ranking::reciprocal_rank)),
    ("auroc", |cases, _| confidence::auroc(&judged(cases, |_| true))),
    ("ece", |cases, _| both(cases).then(|| confidence::calibration_error(&judged(cases, |_| true)))),
    ("brier", |cases, _| both(cases).then(|| confidence::brier(&judged(cases, |_| true)))),
    ("false_answers", |cases, threshold| confidence::false_answers(&judged(cases, |_| true), threshold)),
    ("false_answers_out_of_scope", |cases, threshold| {
        confidence::false_answers(&judged(cases, |truth| truth != Truth::NearMiss), threshold)
    }),
    ("false_answers_near_miss", |cases, threshold| {
        confidence::false_answers(&judged(cases, |truth| truth != Truth::OutOfScope), threshold)
    }),
    ("false_escalations", |cases, threshold| confidence::false_escalations(&judged(cases, |_| true), threshold)),
];

fn ranked(cases: &[&Case], figure: impl Fn(&Ranking) -> f64) -> Option<f64> {
    let rankings: Vec<&Ranking> = cases.iter().filter_map(|case| case.ranking.as_ref()).collect();
    bootstrap::mean(&rankings, |ranking| figure(ranking))
}

fn judged(cases: &[&Case], of: impl Fn(Truth) -> bool) -> Vec<Judged> {
    let some = cases.iter().filter(|case| of(case.truth));
    some.map(|case| Judged { answerable: case.truth == Truth::Answerable, confidence: case.confidence }).collect()
}

/// Whether there is something to tell apart.
fn both(cases: &[&Case]) -> bool {
    let answerable = cases.iter().filter(|case| case.truth == Truth::Answerable).collect::<Vec<_>>();
    !answerable.is_empty() && count(&answerable) < count(cases)
}

impl Figures {
    pub fn of(cases: &[&Case], threshold: f64) -> Self {
        let number = |truth| cases.iter().filter(|case| case.truth == truth).count();
        let mut figures = Self {
            answerable: number(Truth::Answerable),
            out_of_scope: number(Truth::OutOfScope),
            near_misses: number(Truth::NearMiss),
            values: BTreeMap::new(),
            intervals: BTreeMap::new(),
        };
        for (name, figure) in FIGURES {
            let Some(value) = figure(cases, threshold) else { continue };
            figures.values.insert(name, rounded(value));
            let resampled = |drawn: &[&&Case]| figure(&drawn.iter().map(|case| **case).collect::<Vec<_>>(), threshold);
            if let Some(interval) = interval(cases, |case| case.group, resampled) {
                figures.intervals.insert(name, [rounded(interval.low), rounded(interval.high)]);
            }
        }
        figures
    }
}

/// To four places: more than any of them is sure of.
pub fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(truth: Truth, confidence: f64, found: &[bool]) -> Case {
        Case {
            group: (confidence * 1000.0).to_bits(),
            truth,
            across: false,
            kind: None,
            ranking: (truth == Truth::Answerable).then(|| Ranking { found: found.to_vec(), relevant: 1 }),
            signals: None,
            confidence,
        }
    }

    #[test]
    fn each_figure_is_over_its_own_cases() {
        let cases = [
            case(Truth::Answerable, 0.9, &[true]),
            case(Truth::Answerable, 0.4, &[false, true]),
            case(Truth::OutOfScope, 0.6, &[]),
            case(Truth::OutOfScope, 0.1, &[]),
            case(Truth::NearMiss, 0.2, &[]),
        ];
        let figures = Figures::of(&cases.iter().collect::<Vec<_>>(), 0.5);
        assert_eq!((figures.answerable, figures.out_of_scope, figures.near_misses), (2, 2, 1));
        for (name, expected) in [
            ("recall_at_1", 0.5),
            ("recall_at_5", 1.0),
            ("mrr", 0.75),
            ("ndcg_at_10", 0.8155),
            ("auroc", 0.8333),
            ("ece", 0.32),
            ("brier", 0.156),
            ("false_answers", 0.3333),
            ("false_answers_out_of_scope", 0.5),
            ("false_answers_near_miss", 0.0),
            ("false_escalations", 0.5),
        ] {
            assert_eq!(figures.values.get(name), Some(&expected), "{name}");
            let [low, high] = figures.intervals[name];
            assert!(low <= expected && expected <= high || name == "ece", "{name}: {low} {high}");
        }
        assert_eq!(figures.values.len(), FIGURES.len());
    }

    #[test]
    fn what_cannot_be_told_is_left_out() {
        let cases = [case(Truth::OutOfScope, 0.6, &[])];
        let figures = Figures::of(&cases.iter().collect::<Vec<_>>(), 0.5);
        assert_eq!(figures.values.keys().copied().collect::<Vec<_>>(), ["false_answers", "false_answers_out_of_scope"]);
        assert_eq!(Figures::of(&[], 0.5).values, BTreeMap::new());
    }
}
