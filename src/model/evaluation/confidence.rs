//! What a confidence is worth: whether it tells questions that the documents answer from others, and means what it says.

use crate::model::statistics::{count, mean};

/// A question, or one whose answers were hidden, and the confidence that it got.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    pub answerable: bool,
    /// From 0 to 1.
    pub confidence: f64,
}

/// The chance that a question with an answer gets a higher confidence than one without, ties counting half: the area
/// under the ROC curve. `None` unless there are both.
pub fn auroc(judged: &[Judged]) -> Option<f64> {
    let mut sorted: Vec<&Judged> = judged.iter().collect();
    sorted.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let (mut below, mut won, mut answerable) = (0.0, 0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.confidence == b.confidence) {
        let with = count(&tied.iter().filter(|judged| judged.answerable).collect::<Vec<_>>());
        let without = count(tied) - with;
        won += with * (below + without / 2.0);
        below += without;
        answerable += with;
    }
    (answerable > 0.0 && below > 0.0).then(|| won / (answerable * below))
}

/// Expected calibration error over five bins of equal mass: the mean difference between the confidence and the share of
/// questions with an answer.
pub fn calibration_error(judged: &[Judged]) -> f64 {
    let bins = bins(judged, BINS);
    let all = count(judged).max(1.0);
    bins.iter().map(|bin| bin.count * (bin.confidence - bin.answerable).abs() / all).sum()
}

const BINS: usize = 5;

/// Questions with about the same confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    pub count: f64,
    /// Mean.
    pub confidence: f64,
    /// Share.
    pub answerable: f64,
}

/// By growing confidence, `bins` of them; the first ones have one more where it does not come out even. What was given
/// first of the equals comes first.
pub fn bins(judged: &[Judged], bins: usize) -> Vec<Bin> {
    let mut sorted = judged.to_vec();
    sorted.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let (each, more) = (sorted.len() / bins.max(1), sorted.len() % bins.max(1));
    let mut rest = sorted.as_slice();
    let mut made = Vec::new();
    for number in 0..bins {
        let (bin, after) = rest.split_at(each + usize::from(number < more));
        rest = after;
        if !bin.is_empty() {
            made.push(Bin {
                count: count(bin),
                confidence: mean(&bin.iter().map(|judged| judged.confidence).collect::<Vec<_>>()),
                answerable: mean(&bin.iter().map(truth).collect::<Vec<_>>()),
            });
        }
    }
    made
}

/// Mean squared difference between the confidence and the truth.
pub fn brier(judged: &[Judged]) -> f64 {
    mean(&judged.iter().map(|judged| (judged.confidence - truth(judged)).powi(2)).collect::<Vec<_>>())
}

/// Share of the questions without an answer that would get one. `None` where there is no such question.
pub fn false_answers(judged: &[Judged], threshold: f64) -> Option<f64> {
    share(judged, false, |confidence| confidence >= threshold)
}

/// Share of the questions with an answer that would go to a person. `None` where there is no such question.
pub fn false_escalations(judged: &[Judged], threshold: f64) -> Option<f64> {
    share(judged, true, |confidence| confidence < threshold)
}

fn share(judged: &[Judged], answerable: bool, wrong: impl Fn(f64) -> bool) -> Option<f64> {
    let of: Vec<f64> = judged
        .iter()
        .filter(|judged| judged.answerable == answerable)
        .map(|judged| f64::from(u8::from(wrong(judged.confidence))))
        .collect();
    (!of.is_empty()).then(|| mean(&of))
}

fn truth(judged: &Judged) -> f64 {
    f64::from(u8::from(judged.answerable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(cases: &[(u8, f64)]) -> Vec<Judged> {
        cases
            .iter()
            .map(|(answerable, confidence)| Judged { answerable: *answerable == 1, confidence: *confidence })
            .collect()
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn the_area_counts_pairs() {
        // Of six pairs five are in order.
        near(auroc(&judged(&[(1, 0.9), (0, 0.8), (1, 0.7), (1, 0.95), (0, 0.1)])).unwrap(), 5.0 / 6.0);
        // A tie counts half.
        near(auroc(&judged(&[(1, 0.5), (0, 0.5), (1, 0.7)])).unwrap(), 0.75);
        near(auroc(&judged(&[(1, 0.5), (0, 0.5), (0, 0.5)])).unwrap(), 0.5);
        assert_eq!(auroc(&judged(&[(1, 0.5)])), None);
        assert_eq!(auroc(&[]), None);
    }

    #[test]
    fn errors_by_hand() {
        let cases = judged(&[
            (0, 0.1),
            (0, 0.2),
            (1, 0.3),
            (0, 0.4),
            (1, 0.6),
            (1, 0.7),
            (1, 0.8),
            (0, 0.9),
            (1, 0.95),
            (1, 1.0),
        ]);
        // Bins of two: 0.15 against 0, 0.35 against 0.5, 0.65 against 1, 0.85 against 0.5, 0.975 against 1.
        near(calibration_error(&cases), (0.15 + 0.15 + 0.35 + 0.35 + 0.025) / 5.0);
        near(brier(&judged(&[(1, 0.8), (0, 0.4)])), (0.04 + 0.16) / 2.0);
        near(false_answers(&cases, 0.5).unwrap(), 0.25);
        near(false_escalations(&cases, 0.5).unwrap(), 1.0 / 6.0);
        // Just at the threshold is answered.
        near(false_answers(&cases, 0.4).unwrap(), 0.5);
        near(false_escalations(&cases, 0.3).unwrap(), 0.0);
        assert_eq!(false_answers(&judged(&[(1, 0.8)]), 0.5), None);
        assert_eq!(false_escalations(&[], 0.5), None);
    }

    #[test]
    fn bins_of_what_does_not_come_out_even() {
        let seven = judged(&[(0, 0.1), (0, 0.2), (0, 0.3), (0, 0.4), (1, 0.5), (1, 0.6), (1, 0.7)]);
        let counts: Vec<f64> = bins(&seven, 5).iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [2.0, 2.0, 1.0, 1.0, 1.0]);
        assert_eq!(bins(&seven[..2], 5).len(), 2);
        assert_eq!(bins(&[], 5), []);
        near(calibration_error(&[]), 0.0);
    }
}
