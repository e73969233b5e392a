//! Sums and percentiles of amounts.

use super::rule::{NoisyCount, PublicationRule};

/// Each edge of a bucket is larger than the one before by this factor: a percentile is off by 10 % at most.
const GROWTH: f64 = 1.1;
/// The upper edge of the first bucket.
const FIRST_EDGE: f64 = 1e-6;
/// Up to 10^18: bytes and seconds alike.
const EDGES: usize = 600;
/// Sums are made of whole numbers of this, so that they do not depend on the order.
const UNIT: f64 = 1e-6;

/// The upper edge of the bucket that an amount is in.
pub(crate) fn bucket_edge(amount: f64) -> f64 {
    let mut edge = FIRST_EDGE;
    let mut left = EDGES;
    while edge < amount && left > 0 {
        edge *= GROWTH;
        left -= 1;
    }
    edge
}

/// The amounts of the installations of one cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct CellAmounts {
    amounts: Vec<f64>,
}

impl CellAmounts {
    pub(crate) fn push(&mut self, amount: f64) {
        self.amounts.push(amount);
    }

    pub(crate) fn installs(&self) -> u32 {
        u32::try_from(self.amounts.len()).unwrap_or(u32::MAX)
    }

    /// The sum of the amounts, each cut to `cap`, with as much noise as `noise` installations make. None if the
    /// largest have too much of it.
    pub(crate) fn noisy_sum(&self, rule: &PublicationRule, cap: f64, noise: f64) -> Option<f64> {
        let (mut sum, mut largest, mut second) = (0_u128, 0, 0);
        for amount in &self.amounts {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative, and bounded"
            )]
            let units = (amount.min(cap) / UNIT).round() as u128;
            sum += units;
            (largest, second) = if units > largest { (units, largest) } else { (largest, second.max(units)) };
        }
        #[expect(clippy::cast_precision_loss, reason = "a share and a noisy sum need no last digit")]
        let [sum, largest, second] = [sum, largest, second].map(|units| units as f64);
        let is_dominated =
            largest > sum * rule.largest_share || largest + second > sum * rule.largest_two_share;
        (!is_dominated).then(|| ((sum * UNIT + cap * noise) / UNIT).round().max(0.0) * UNIT)
    }

    /// The bucket of a percentile, whose rank is moved by `noise`. None if too few installations are on one side
    /// of it.
    pub(crate) fn percentile(
        &mut self,
        rule: &PublicationRule,
        count: NoisyCount,
        percentile: f64,
        noise: i64,
    ) -> Option<f64> {
        let side = percentile.min(1.0 - percentile);
        #[expect(clippy::cast_precision_loss, reason = "numbers of installations are small")]
        let is_enough = count.noisy() as f64 * side >= rule.shown_from() as f64;
        is_enough.then(|| self.bucket_at(rule, percentile, noise))
    }

    fn bucket_at(&mut self, rule: &PublicationRule, percentile: f64, noise: i64) -> f64 {
        let edge = i64::from(rule.smallest_group);
        let last = i64::from(self.installs()) - 1;
        #[expect(clippy::cast_possible_truncation, reason = "a rank is a number of installations")]
        let rank = (percentile * f64::from(self.installs())) as i64 + noise;
        let highest = (last - edge).max(0);
        let rank = rank.clamp(edge.min(highest), highest);
        let rank = usize::try_from(rank).unwrap_or(0);
        let (_, amount, _) = self.amounts.select_nth_unstable_by(rank, f64::total_cmp);
        bucket_edge(*amount)
    }

    /// The most that an installation adds to a sum of the next release: the bucket of a high percentile that at
    /// least the smallest group is above. None if there are too few amounts.
    pub(crate) fn cap(&mut self, rule: &PublicationRule) -> Option<f64> {
        let installs = self.installs();
        if installs < 2 * rule.smallest_group {
            return None;
        }
        let highest = 1.0 - f64::from(rule.smallest_group) / f64::from(installs);
        let percentile = rule.cap_percentile.min(highest);
        Some(self.bucket_at(rule, percentile, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(amounts: &[f64]) -> CellAmounts {
        CellAmounts { amounts: amounts.to_vec() }
    }

    #[test]
    fn a_sum_is_hidden_where_one_or_two_have_most_of_it() {
        let rule = PublicationRule::default();
        for (given, sum) in [
            (vec![1.0; 20], Some(20.0)),
            (vec![10.0, 4.0, 3.0, 2.0], None),
            (vec![4.9, 3.0, 1.1, 1.0], Some(10.0)),
            (vec![4.9, 3.2, 1.0, 0.9], None),
            (vec![0.0; 20], Some(0.0)),
        ] {
            assert_eq!(amounts(&given).noisy_sum(&rule, 100.0, 0.0), sum, "{given:?}");
        }
    }

    #[test]
    fn an_installation_adds_at_most_the_cap_to_a_sum() {
        let rule = PublicationRule::default();
        let with_giant = [&[1_000.0][..], &[1.0; 20]].concat();
        assert_eq!(amounts(&with_giant).noisy_sum(&rule, 2.0, 0.0), Some(22.0));
        assert_eq!(amounts(&with_giant).noisy_sum(&rule, 2.0, -3.0), Some(16.0));
    }

    #[test]
    fn a_percentile_needs_the_smallest_group_on_both_sides() {
        let rule = PublicationRule::default();
        // With the largest noise, 85 stand for 10.
        for (installs, percentile, is_shown) in [
            (169, 0.5, false),
            (170, 0.5, true),
            (1_699, 0.95, false),
            (1_700, 0.95, true),
            (8_501, 0.99, true),
        ] {
            let count = NoisyCount { installs, noise: 0 };
            let mut amounts = amounts(&vec![3.0; installs as usize]);
            let shown = amounts.percentile(&rule, count, percentile, 0);
            assert_eq!(shown.is_some(), is_shown, "{installs} {percentile}");
        }
    }

    #[test]
    fn a_percentile_is_never_the_least_or_the_largest() {
        let rule = PublicationRule::default();
        let ramp: Vec<f64> = (0..200).map(f64::from).collect();
        let count = NoisyCount { installs: 200, noise: 0 };
        let at = |noise| amounts(&ramp).percentile(&rule, count, 0.5, noise).unwrap();
        assert_eq!(at(-1_000), bucket_edge(10.0));
        assert_eq!(at(0), bucket_edge(100.0));
        assert_eq!(at(1_000), bucket_edge(189.0));
    }

    #[test]
    fn a_bucket_is_a_tenth_wide() {
        for amount in [0.0, 1e-7, 0.3, 1.0, 5e9, 1e17] {
            let edge = bucket_edge(amount);
            assert!(
                edge >= amount && edge <= (amount * GROWTH).max(FIRST_EDGE) * 1.000_001,
                "{amount}: {edge}"
            );
        }
    }
}
