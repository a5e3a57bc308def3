//! Logistic regression with a penalty on the squares of the weights, by Newton's method. The intercept is not penalised, and
//! values are standardised by the caller's cases, so that one penalty suits all.

use crate::model::statistics::{count, mean, squares};

/// A fitted curve over standardised values.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    pub intercept: f64,
    /// Mean, deviation and weight of each value.
    pub terms: Vec<Term>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    pub mean: f64,
    pub deviation: f64,
    pub weight: f64,
}

impl Logistic {
    /// From 0 to 1. Values beyond the terms are ignored.
    pub fn probability(&self, values: &[f64]) -> f64 {
        let sum: f64 =
            self.terms.iter().zip(values).map(|(term, value)| term.weight * (value - term.mean) / term.deviation).sum();
        sigmoid(self.intercept + sum)
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Steps that are taken at most; a handful is enough where the cases can be fitted at all.
const STEPS: usize = 100;

/// Fits `values`, one row a case and all of one length, to the truth; `without` is what a case that is not true counts.
/// What is minimised is the log loss over all cases plus `penalty / 2` times the sum of the squared weights, as
/// scikit-learn has it with C = 1 / `penalty`. `None` where there is nothing to fit: no case, or only one kind.
pub fn fit(values: &[Vec<f64>], truth: &[bool], without: f64, penalty: f64) -> Option<Logistic> {
    if values.len() != truth.len() || truth.iter().all(|is| *is) || !truth.iter().any(|is| *is) {
        return None;
    }
    let mut terms = standardisation(values);
    let rows: Vec<Vec<f64>> = values.iter().map(|row| standardised(row, &terms)).collect();
    let mut weights = vec![0.0; terms.len() + 1];
    for _ in 0..STEPS {
        let (gradient, hessian) = slope(&rows, truth, &weights, (without, penalty));
        let step = solve(hessian, gradient)?;
        let largest = step.iter().fold(0.0_f64, |most, change| most.max(change.abs()));
        // Far from the minimum a whole step may go too far.
        let scale = if largest > 5.0 { 5.0 / largest } else { 1.0 };
        weights.iter_mut().zip(&step).for_each(|(weight, change)| *weight -= scale * change);
        if largest < 1e-10 {
            break;
        }
    }
    let (intercept, fitted) = weights.split_first()?;
    terms.iter_mut().zip(fitted).for_each(|(term, weight)| term.weight = *weight);
    Some(Logistic { intercept: *intercept, terms })
}

fn standardisation(values: &[Vec<f64>]) -> Vec<Term> {
    let columns = values.first().map_or(0, Vec::len);
    (0..columns)
        .map(|column| {
            let all: Vec<f64> = values.iter().filter_map(|row| row.get(column).copied()).collect();
            let deviation = (squares(&all) / count(&all)).sqrt();
            // What never differs tells nothing, and is divided by nothing.
            Term { mean: mean(&all), deviation: if deviation > 1e-9 { deviation } else { 1.0 }, weight: 0.0 }
        })
        .collect()
}

/// With a 1 in front, for the intercept.
fn standardised(row: &[f64], terms: &[Term]) -> Vec<f64> {
    let values = row.iter().zip(terms).map(|(value, term)| (value - term.mean) / term.deviation);
    std::iter::once(1.0).chain(values).collect()
}

type Matrix = Vec<Vec<f64>>;

fn slope(rows: &[Vec<f64>], truth: &[bool], weights: &[f64], (without, penalty): (f64, f64)) -> (Vec<f64>, Matrix) {
    let width = weights.len();
    let mut gradient = vec![0.0; width];
    let mut hessian = vec![vec![0.0; width]; width];
    for (row, truth) in rows.iter().zip(truth) {
        let probability = sigmoid(row.iter().zip(weights).map(|(value, weight)| value * weight).sum());
        let counts = if *truth { 1.0 } else { without };
        let error = counts * (probability - f64::from(u8::from(*truth)));
        let spread = counts * probability * (1.0 - probability);
        for ((one, slope), line) in row.iter().zip(&mut gradient).zip(&mut hessian) {
            *slope += error * one;
            line.iter_mut().zip(row).for_each(|(cell, other)| *cell += spread * one * other);
        }
    }
    for (place, ((weight, slope), line)) in weights.iter().zip(&mut gradient).zip(&mut hessian).enumerate().skip(1) {
        *slope += penalty * weight;
        if let Some(cell) = line.get_mut(place) {
            *cell += penalty;
        }
    }
    (gradient, hessian)
}

/// Solves `matrix · x = right` by elimination with the largest pivot; `None` where there is no single solution.
fn solve(mut matrix: Matrix, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let width = right.len();
    for column in 0..width {
        let size = |row: &usize| matrix.get(*row).and_then(|row| row.get(column)).map_or(0.0, |cell| cell.abs());
        let pivot = (column..width).max_by(|a, b| size(a).total_cmp(&size(b)))?;
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let line = matrix.get(column)?.clone();
        let (first, value) = (*line.get(column)?, *right.get(column)?);
        if first.abs() < 1e-12 {
            return None;
        }
        for row in column + 1..width {
            let below = matrix.get_mut(row)?;
            let factor = *below.get(column)? / first;
            below.iter_mut().zip(&line).for_each(|(cell, above)| *cell -= factor * above);
            *right.get_mut(row)? -= factor * value;
        }
    }
    let mut solution = vec![0.0; width];
    for row in (0..width).rev() {
        let line = matrix.get(row)?;
        let known: f64 = line.iter().zip(&solution).skip(row + 1).map(|(cell, value)| cell * value).sum();
        *solution.get_mut(row)? = (*right.get(row)? - known) / *line.get(row)?;
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evaluation::confidence::{self, Judged};

    #[test]
    fn equations_are_solved() {
        // 2y + z = 7, x + y = 3, x - z = -2.
        let matrix = vec![vec![0.0, 2.0, 1.0], vec![1.0, 1.0, 0.0], vec![1.0, 0.0, -1.0]];
        let found = solve(matrix, vec![7.0, 3.0, -2.0]).unwrap();
        for (found, expected) in found.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
        assert_eq!(solve(vec![vec![1.0, 2.0], vec![2.0, 4.0]], vec![1.0, 2.0]), None);
    }

    /// Twelve made-up cases; the figures are those of scikit-learn 1.9.1 (StandardScaler, LogisticRegression with a
    /// tolerance of 1e-12, roc_auc_score, brier_score_loss).
    #[test]
    fn as_scikit_learn_fits() {
        let rows = [
            ([0.91, 0.8, 1.0], true),
            ([0.88, 0.7, 1.0], true),
            ([0.86, 0.4, 0.0], true),
            ([0.90, 0.3, 1.0], true),
            ([0.87, 0.6, 0.0], true),
            ([0.84, 0.5, 0.0], false),
            ([0.83, 0.2, 0.0], false),
            ([0.85, 0.35, 1.0], false),
            ([0.82, 0.1, 0.0], false),
            ([0.86, 0.55, 0.0], false),
            ([0.89, 0.65, 0.0], true),
            ([0.81, 0.3, 0.0], false),
        ];
        let values: Vec<Vec<f64>> = rows.iter().map(|(row, _)| row.to_vec()).collect();
        let truth: Vec<bool> = rows.iter().map(|(_, truth)| *truth).collect();
        for (without, penalty, expected, brier) in [
            (1.0, 1.0, [-0.025_039_459_61, 1.311_874_989_46, 0.521_686_404_65, 0.092_610_345_69], 0.086_394_242_95),
            (2.5, 1.0, [-0.75368479808, 1.60238245557, 0.54959461767, 0.10978157052], 0.09335434047),
            (1.0, 0.1, [-0.083_312_206_08, 3.527_518_175_94, 0.157_038_042_83, -0.286_111_152_28], 0.051_562_197_18),
        ] {
            let curve = fit(&values, &truth, without, penalty).unwrap();
            let found = std::iter::once(curve.intercept).chain(curve.terms.iter().map(|term| term.weight));
            for (found, expected) in found.zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
            }
            let judged: Vec<Judged> = values
                .iter()
                .zip(&truth)
                .map(|(row, truth)| Judged { answerable: *truth, confidence: curve.probability(row) })
                .collect();
            assert!((confidence::brier(&judged) - brier).abs() < 1e-7);
            assert!((confidence::auroc(&judged).unwrap() - 0.972_222_222_222).abs() < 1e-9);
        }
    }

    #[test]
    fn what_never_differs_weighs_nothing() {
        let values: Vec<Vec<f64>> = [0.0, 1.0, 2.0, 3.0].iter().map(|value| vec![*value, 7.0]).collect();
        let curve = fit(&values, &[false, false, true, true], 1.0, 1.0).unwrap();
        assert!(curve.terms[1].weight.abs() < 1e-9);
        assert!(curve.probability(&[3.0, 7.0]) > 0.5 && curve.probability(&[0.0, 7.0]) < 0.5);
    }

    #[test]
    fn one_kind_alone_cannot_be_fitted() {
        assert_eq!(fit(&[vec![1.0], vec![2.0]], &[true, true], 1.0, 1.0), None);
        assert_eq!(fit(&[], &[], 1.0, 1.0), None);
    }
}
