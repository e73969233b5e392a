//! How likely published numbers are under the noise of the rule.

use std::collections::HashMap;

use crate::published::{PublicationRule, ReleaseStage};

/// What rounding adds to the variance of a number.
const ROUNDING: f64 = 1.0 / 12.0;

/// The noise of one cell over a series of releases, as a normal distribution.
#[derive(Debug)]
pub(crate) struct NoiseModel {
    releases: usize,
    covariance: Vec<f64>,
    /// By the releases in which a cell is shown.
    inverses: HashMap<Vec<usize>, Vec<f64>>,
}

impl NoiseModel {
    pub(crate) fn new(rule: &PublicationRule, releases: &[(u32, ReleaseStage)]) -> Self {
        let mut covariance = Vec::with_capacity(releases.len() * releases.len());
        for (row, first) in releases.iter().enumerate() {
            for (column, second) in releases.iter().enumerate() {
                let rounding = if row == column { ROUNDING } else { 0.0 };
                covariance.push(rule.noise_covariance(*first, *second) + rounding);
            }
        }
        Self { releases: releases.len(), covariance, inverses: HashMap::new() }
    }

    /// The logarithm of the density of residuals in some releases, but for a term that only depends on which
    /// releases they are.
    pub(crate) fn log_density(&mut self, shown: &[usize], residuals: &[f64]) -> f64 {
        if !self.inverses.contains_key(shown) {
            let inverse = self.inverse(shown);
            self.inverses.insert(shown.to_vec(), inverse);
        }
        let inverse = &self.inverses[shown];
        let rows = inverse.chunks_exact(shown.len().max(1));
        let products = rows.zip(residuals).map(|(row, residual)| {
            residual * row.iter().zip(residuals).map(|(weight, other)| weight * other).sum::<f64>()
        });
        -0.5 * products.sum::<f64>()
    }

    /// The inverse of the covariance of some releases, by elimination.
    fn inverse(&self, shown: &[usize]) -> Vec<f64> {
        let size = shown.len();
        let mut left: Vec<Vec<f64>> = shown
            .iter()
            .map(|row| shown.iter().map(|column| self.covariance[row * self.releases + column]).collect())
            .collect();
        let mut right: Vec<Vec<f64>> =
            (0..size).map(|row| (0..size).map(|column| f64::from(row == column)).collect()).collect();
        // The rounding on the diagonal keeps every pivot away from zero.
        for pivot in 0..size {
            let scale = left[pivot][pivot];
            for matrix in [&mut left, &mut right] {
                matrix[pivot].iter_mut().for_each(|value| *value /= scale);
            }
            for row in (0..size).filter(|row| *row != pivot) {
                let factor = left[row][pivot];
                for matrix in [&mut left, &mut right] {
                    let of_pivot = matrix[pivot].clone();
                    matrix[row].iter_mut().zip(of_pivot).for_each(|(value, its)| *value -= factor * its);
                }
            }
        }
        right.concat()
    }
}

/// The logarithm of the probability that a standard normal number is below a bound.
pub(crate) fn log_probability_below(bound: f64) -> f64 {
    // Abramowitz and Stegun 26.2.17.
    let size = bound.abs();
    let t = 1.0 / (1.0 + 0.231_641_9 * size);
    let series = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-0.5 * size * size).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    let below = if bound < 0.0 { tail } else { 1.0 - tail };
    below.max(1e-300).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_is_that_of_the_covariance_of_the_releases_shown() {
        let rule = PublicationRule::default().with_fresh_noise().with_noise_sd(2.0);
        let releases = [(3, ReleaseStage::Final), (10, ReleaseStage::Final), (10, ReleaseStage::Provisional)];
        let mut model = NoiseModel::new(&rule, &releases);
        let variance = 4.0 + ROUNDING;
        assert!((model.log_density(&[0, 1], &[1.0, 3.0]) + 10.0 / variance / 2.0).abs() < 1e-9);
        // Both stages have the same noise under that rule: different residuals are nearly impossible.
        assert!(model.log_density(&[1, 2], &[1.0, 1.0]) > -0.2);
        assert!(model.log_density(&[1, 2], &[1.0, 3.0]) < -10.0);
    }

    #[test]
    fn probabilities_are_those_of_tables() {
        for (bound, probability) in [(0.0, 0.5), (1.0, 0.841_345), (-2.0, 0.022_750)] {
            assert!((log_probability_below(bound).exp() - probability).abs() < 1e-5, "{bound}");
        }
    }
}
