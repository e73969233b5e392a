//! Probabilities of Student's t distribution.

use special::Beta as _;

/// The probability that a t with so many degrees of freedom is at least as far from 0.
pub(crate) fn two_sided_p_value(t: f64, degrees: f64) -> f64 {
    let half = degrees / 2.0;
    let x = degrees / (degrees + t * t);
    x.clamp(0.0, 1.0).inc_beta(half, 0.5, half.ln_beta(0.5)).clamp(0.0, 1.0)
}

/// The distance from 0 that a t has at least with a probability: the inverse of [`two_sided_p_value`], for
/// probabilities from `1e-12` to 1. At most `1e6`.
pub(crate) fn two_sided_quantile(probability: f64, degrees: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if two_sided_p_value(middle, degrees) > probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_and_distances_are_those_of_printed_tables() {
        for (degrees, probability, t) in [
            (1.0, 0.05, 12.706),
            (5.0, 0.01, 4.032),
            (10.0, 0.05, 2.228),
            (30.0, 0.001, 3.646),
            (120.0, 0.05, 1.980),
        ] {
            assert!((two_sided_quantile(probability, degrees) - t).abs() < 0.001, "{degrees} {probability}");
            assert!((two_sided_p_value(t, degrees) / probability - 1.0).abs() < 0.001, "{degrees} {t}");
        }
    }
}
