//! How sure a figure is: the same figure over resamples of the cases. Groups are drawn whole, because the questions of one
//! document are alike; the generator has a fixed seed.

use std::collections::BTreeMap;

use crate::model::{evaluation::percentile, statistics::count};

/// Where 95 of 100 resamples lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

pub const RESAMPLES: usize = 1000;

/// The interval of a figure over `cases`, each of which is in the group that `group` names. `None` where the figure exists
/// for no resample; those without it are left out.
pub fn interval<T>(cases: &[T], group: impl Fn(&T) -> u64, figure: impl Fn(&[&T]) -> Option<f64>) -> Option<Interval> {
    let mut groups: BTreeMap<u64, Vec<&T>> = BTreeMap::new();
    for case in cases {
        groups.entry(group(case)).or_default().push(case);
    }
    let groups: Vec<Vec<&T>> = groups.into_values().collect();
    let mut draws = Draws::new(SEED);
    let mut figures = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let drawn: Vec<&T> = groups.iter().filter_map(|_| draws.one(&groups)).flatten().copied().collect();
        figures.extend(figure(&drawn));
    }
    Some(Interval { low: percentile(&figures, 0.025)?, high: percentile(&figures, 0.975)? })
}

const SEED: u64 = 20_261_129;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Draws(u64);

impl Draws {
    const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        // By multiplication: the bias is below one in 2^50 for any list here.
        let place = (u128::from(self.next()) * u128::try_from(of.len()).ok()?) >> 64;
        of.get(usize::try_from(place).ok()?)
    }
}

const fn mix(seed: u64) -> u64 {
    let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number for a name, the same on every machine: the group that a case is in.
pub fn group(name: &str) -> u64 {
    name.bytes().fold(mix(SEED), |hash, byte| mix(hash ^ u64::from(byte)))
}

/// The mean of what is 1 or 0 in most uses; `None` of nothing.
pub fn mean<T>(cases: &[&T], value: impl Fn(&T) -> f64) -> Option<f64> {
    (!cases.is_empty()).then(|| cases.iter().map(|case| value(case)).sum::<f64>() / count(cases))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs for the seed 1234567, as in the reference implementation.
        let mut draws = Draws::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| draws.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn an_interval_is_as_wide_as_theory_says() {
        // 400 cases of their own, a quarter of them right: 1.96 deviations of sqrt(p (1 - p) / n) on each side.
        let cases: Vec<(u64, f64)> = (0..400).map(|n| (n, if n % 4 == 0 { 1.0 } else { 0.0 })).collect();
        let found = interval(&cases, |case| case.0, |drawn| mean(drawn, |case| case.1)).unwrap();
        let half = 1.96 * (0.25_f64 * 0.75 / 400.0).sqrt();
        assert!((found.low - (0.25 - half)).abs() < 0.01, "{found:?}");
        assert!((found.high - (0.25 + half)).abs() < 0.01, "{found:?}");
        assert_eq!(interval(&cases, |case| case.0, |drawn| mean(drawn, |case| case.1)), Some(found));
    }

    #[test]
    fn whole_groups_are_drawn() {
        // Four groups of a hundred that agree within: as unsure as four cases are.
        let cases: Vec<(u64, f64)> = (0..400).map(|n| (n / 100, if n < 200 { 1.0 } else { 0.0 })).collect();
        let found = interval(&cases, |case| case.0, |drawn| mean(drawn, |case| case.1)).unwrap();
        assert_eq!(found, Interval { low: 0.0, high: 1.0 });
    }

    #[test]
    fn nothing_has_no_interval() {
        assert_eq!(interval(&[] as &[f64], |_| 0, |drawn| mean(drawn, |case| *case)), None);
        assert_eq!(interval(&[1.0], |_| 0, |_| None), None);
    }
}
