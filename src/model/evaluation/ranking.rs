//! How well what answers is ranked. Of several passages that answer, each does alone.

use crate::model::statistics::mean;

/// What a search found for one question that the documents answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// Best first: whether it answers.
    pub found: Vec<bool>,
    /// How many passages answer, found or not.
    pub relevant: usize,
}

impl Ranking {
    /// Whether one of the first `k` answers: 1 or 0.
    pub fn recall_at(&self, k: usize) -> f64 {
        f64::from(u8::from(self.found.iter().take(k).any(|answers| *answers)))
    }

    /// One over the rank of the first that answers; 0 when none was found.
    pub fn reciprocal_rank(&self) -> f64 {
        self.found.iter().zip(1_u32..).find(|(answers, _)| **answers).map_or(0.0, |(_, rank)| 1.0 / f64::from(rank))
    }

    /// Normalised discounted cumulative gain of the first `k`: gains of 1, discounts of log2(rank + 1).
    pub fn ndcg_at(&self, k: usize) -> f64 {
        let gain: f64 = self.found.iter().take(k).zip(1_u32..).filter(|(answers, _)| **answers).map(discounted).sum();
        let ideal: f64 = (0..self.relevant.min(k)).zip(1_u32..).map(discounted).sum();
        if ideal > 0.0 { gain / ideal } else { 0.0 }
    }
}

fn discounted<T>((_, rank): (T, u32)) -> f64 {
    1.0 / f64::from(rank + 1).log2()
}

pub fn recall_at(rankings: &[&Ranking], k: usize) -> f64 {
    of(rankings, |ranking| ranking.recall_at(k))
}

pub fn reciprocal_rank(rankings: &[&Ranking]) -> f64 {
    of(rankings, Ranking::reciprocal_rank)
}

pub fn ndcg_at(rankings: &[&Ranking], k: usize) -> f64 {
    of(rankings, |ranking| ranking.ndcg_at(k))
}

fn of(rankings: &[&Ranking], figure: impl Fn(&Ranking) -> f64) -> f64 {
    mean(&rankings.iter().map(|ranking| figure(ranking)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(found: &[u8], relevant: usize) -> Ranking {
        Ranking { found: found.iter().map(|found| *found == 1).collect(), relevant }
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn by_hand() {
        let second = ranking(&[0, 1, 0, 0, 0, 0], 1);
        near(second.recall_at(1), 0.0);
        near(second.recall_at(2), 1.0);
        near(second.reciprocal_rank(), 0.5);
        // 1 / log2(3)
        near(second.ndcg_at(10), 0.630_929_753_571_457_4);
        near(second.ndcg_at(1), 0.0);
        let none = ranking(&[0, 0], 1);
        near(none.ndcg_at(10) + none.reciprocal_rank() + none.recall_at(5), 0.0);
    }

    #[test]
    fn several_answers() {
        // (1 + 1/2) / (1 + 1/log2(3))
        near(ranking(&[1, 0, 1], 2).ndcg_at(10), 1.5 / 1.630_929_753_571_457_4);
        // One of two was not found.
        near(ranking(&[1, 0, 0], 2).ndcg_at(10), 1.0 / 1.630_929_753_571_457_4);
        // More than fit into the first two.
        near(ranking(&[1, 1, 0], 3).ndcg_at(2), 1.0);
        near(ranking(&[1, 1], 2).recall_at(1), 1.0);
    }

    #[test]
    fn means_over_questions() {
        let (first, second) = (ranking(&[1], 1), ranking(&[0, 1], 1));
        let both = [&first, &second];
        near(reciprocal_rank(&both), 0.75);
        near(recall_at(&both, 1), 0.5);
        near(recall_at(&both, 5), 1.0);
        near(ndcg_at(&both, 10), f64::midpoint(1.0, 0.630_929_753_571_457_4));
        near(ndcg_at(&[], 10), 0.0);
    }
}
