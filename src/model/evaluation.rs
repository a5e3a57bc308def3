//! How good a search and its confidence are: figures over labelled questions, how sure they are, and the fit of the curves.
//! Pure and deterministic: the same cases always give the same figures.

pub mod bootstrap;
pub mod calibration;
pub mod cases;
pub mod confidence;
pub mod folds;
pub mod logistic;
pub mod questions;
pub mod ranking;
pub mod report;

use crate::model::statistics::count;

/// The value that `share` of the values do not exceed, by nearest rank; `None` of nothing. `0 < share <= 1`.
pub fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let wanted = (share * count(values)).ceil();
    sorted.iter().zip(1_u32..).find(|(_, rank)| f64::from(*rank) >= wanted).map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(percentile(&values, 0.5), Some(3.0));
        assert_eq!(percentile(&values, 0.8), Some(4.0));
        assert_eq!(percentile(&values, 0.81), Some(5.0));
        assert_eq!(percentile(&values, 0.95), Some(5.0));
        assert_eq!(percentile(&values, 1.0), Some(5.0));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
