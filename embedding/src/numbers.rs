//! What happens to rows of activations between the matrices. Plain loops over lanes, inlined into code that is compiled for the processor
//! (`Lanes::run`).

const WIDE: usize = 16;

/// Within 2 in ten million of e to the power of a number that is not above 0; far below, 0 or next to it.
#[inline(always)]
pub fn exp(value: f32) -> f32 {
    // Rounds to an integer, which stays in the lower bits.
    const ROUND: f32 = 12_582_912.0;
    let value = if value < -87.0 { -87.0 } else { value };
    let rounded = value * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    // ln 2 in two parts, so that the difference is exact.
    let rest = value - whole * 0.693_359_4 - whole * -2.121_944_4e-4;
    let power = 1.987_569_1e-4;
    let power = power * rest + 1.398_199_9e-3;
    let power = power * rest + 8.333_452e-3;
    let power = power * rest + 4.166_579_6e-2;
    let power = power * rest + 1.666_666_5e-1;
    let power = power * rest + 0.5;
    let power = power * (rest * rest) + rest + 1.0;
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    power * f32::from_bits(exponent)
}

/// x · Φ(x), with the error function of Abramowitz and Stegun 7.1.26 (within 1.5e-7).
#[inline(always)]
fn gelu(value: f32) -> f32 {
    let x = value.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let sum = 1.061_405_4;
    let sum = sum * t - 1.453_152;
    let sum = sum * t + 1.421_413_7;
    let sum = sum * t - 0.284_496_74;
    let sum = sum * t + 0.254_829_6;
    let tail = 0.5 * sum * t * exp(-x * x);
    // tail = 1 - Φ(|value|)
    let below = value * tail;
    if value < 0.0 { below } else { value - below }
}

#[inline(always)]
pub fn gelu_row(row: &mut [f32]) {
    for chunk in row.as_chunks_mut::<WIDE>().0 {
        for value in chunk {
            *value = gelu(*value);
        }
    }
}

/// To mean 0 and variance 1, then weighted.
#[inline(always)]
pub fn normalise(row: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    #[expect(clippy::cast_precision_loss, reason = "a row has 384 values")]
    let count = row.len() as f32;
    let mean = sum(row, |value| value) / count;
    let variance = sum(row, |value| (value - mean) * (value - mean)) / count;
    let scale = 1.0 / (variance + epsilon).sqrt();
    for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
        *value = (*value - mean) * scale * weight + bias;
    }
}

#[inline(always)]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; WIDE];
    for chunk in row.as_chunks::<WIDE>().0 {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += of(*value);
        }
    }
    sums.into_iter().sum()
}

/// Makes the length 1.
pub fn unit(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in vector {
            *value /= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_near() {
        for step in 0..8_700 {
            let x = -(step as f32) / 100.0;
            let (near, x) = (f64::from(exp(x)), f64::from(x));
            assert!((near - x.exp()).abs() <= 3e-7 * x.exp() + 1e-37, "{x}: {near}");
        }
        assert!(exp(-1.0e9) < 1e-37);
    }

    #[test]
    fn gelu_is_near() {
        // x · Φ(x) by numerical integration elsewhere.
        for (x, wanted) in
            [(-3.0, -0.004_049_694), (-1.0, -0.158_655_25), (0.0, 0.0), (0.5, 0.345_731_23), (2.0, 1.954_499_7)]
        {
            assert!((gelu(x) - wanted).abs() < 1e-6, "{x}: {}", gelu(x));
        }
        assert_eq!(gelu(30.0), 30.0);
    }
}
