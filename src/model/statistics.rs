//! The little statistics that best times need: means, variances, and quantiles of Student's t. Pure numbers.

/// The mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / count(values) }
}

/// The sum of squared differences from the mean.
pub fn squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

/// How many, as a number to calculate with.
pub fn count<T>(values: &[T]) -> f64 {
    values.len() as f64
}

/// The value that Student's t with `freedom` degrees stays below with the probability `p`; `0.5 <= p < 1`.
/// By bisection of `t_below`: exact to about nine digits, far more than any use here.
pub fn t_quantile(p: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while t_below(high, freedom) < p && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if t_below(middle, freedom) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The probability that Student's t is below `t >= 0`.
fn t_below(t: f64, freedom: f64) -> f64 {
    1.0 - 0.5 * beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// The regularised incomplete beta function, by its continued fraction (Lentz's method; Abramowitz and Stegun 26.5.8).
fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast on one side of this point only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta(1.0 - x, b, a);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp() / a;
    let tiny = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / tiny(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..300 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / tiny(1.0 + term * d);
            c = tiny(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-14 {
            break;
        }
    }
    front * fraction
}

/// The logarithm of the gamma function for `x > 0`, by Stirling's series after shifting `x` beyond 10.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_are_those_of_printed_tables() {
        // Two-sided 95 % and 99.9 %; any table of Student's t has them.
        for (p, freedom, expected) in [
            (0.975, 1.0, 12.706_204_736),
            (0.975, 2.0, 4.302_652_730),
            (0.975, 10.0, 2.228_138_852),
            (0.975, 30.0, 2.042_272_456),
            (0.975, 1000.0, 1.962_339_081),
            (0.9995, 10.0, 4.586_893_859),
            (0.95, 5.0, 2.015_048_373),
        ] {
            let found = t_quantile(p, freedom);
            assert!((found - expected).abs() < 1e-6, "t({p}, {freedom}) = {found}, not {expected}");
        }
        assert!(t_quantile(0.5, 7.0).abs() < 1e-9);
    }

    #[test]
    fn the_gamma_function_is_the_factorial() {
        for (n, factorial) in [(1.0, 1.0), (5.0, 24.0), (11.0, 3_628_800.0)] {
            let of: f64 = factorial;
            assert!((ln_gamma(n) - of.ln()).abs() < 1e-10, "{n}");
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-10);
    }

    proptest! {
        #[test]
        fn quantiles_grow_with_the_probability_and_shrink_with_freedom(p in 0.55_f64..0.9999, freedom in 1.0_f64..500.0) {
            prop_assert!((t_below(t_quantile(p, freedom), freedom) - p).abs() < 1e-8);
            prop_assert!(t_quantile(p, freedom) < t_quantile(p + (1.0 - p) / 2.0, freedom));
            prop_assert!(t_quantile(p, freedom) >= t_quantile(p, freedom + 1.0) - 1e-9);
        }
    }
}
