//! Chance from a seed: numbers that depend on nothing but a seed and what they are for.
//!
//! Every decision has a [`SeededChance`] of its own, made of the seed and the numbers that name the decision. So any day
//! can be invented without the days before, and a decision more does not change the others. The generator is `SplitMix64`:
//! it is written out here because the numbers must stay the same with every version of a library.

/// What chance decides. A number of its own for each keeps decisions apart.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ChancePurpose {
    /// Who an installation is.
    Identity,
    /// When it joins, is silent, and leaves.
    Life,
    /// What it is like.
    Traits,
    /// When it installs a release.
    Upgrade,
    /// Which reports of a day there are.
    Schedule,
    /// When in an interval a server reports.
    ServerPhase,
    /// What a report says about the installation.
    State,
    /// What a report says about the use of the interface.
    Use,
    /// What a report says about times.
    Times,
    /// What a CPU profile shows.
    CpuProfile,
    /// What a heap profile shows.
    MemoryProfile,
    /// The id of a report.
    ReportId,
    /// The UUID of a browser.
    Browser,
    /// What the stacks of the program are like.
    Stacks,
    /// What a query is like in all installations.
    Query,
}

/// A generator of chance.
#[derive(Debug, Clone)]
pub(crate) struct SeededChance(u64);

/// The step of `SplitMix64`.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl SeededChance {
    /// The generator for a decision; `numbers` tell equal decisions apart.
    pub(crate) fn new(seed: u64, purpose: ChancePurpose, numbers: &[u64]) -> Self {
        let start = mixed(seed ^ mixed((purpose as u64 + 1).wrapping_mul(STEP)));
        Self(numbers.iter().fold(start, |state, number| mixed(state.wrapping_add(STEP) ^ mixed(*number))))
    }

    /// The next 64 bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// The next 128 bits.
    pub(crate) const fn bytes(&mut self) -> [u8; 16] {
        let high = self.bits() as u128;
        (high << 64 | self.bits() as u128).to_le_bytes()
    }

    /// A number from 0 to below `end`; 0 if that is 0.
    pub(crate) const fn below(&mut self, end: u32) -> u32 {
        // The upper half of a product: the bias of it is below 2^-32.
        (((self.bits() >> 32) * end as u64) >> 32) as u32
    }

    /// A number from 0 inclusive to 1 exclusive.
    pub(crate) const fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Yes, with a probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// A number with mean 0 and variance 1, nearly normal: the sum of four numbers of equal chance, within ±3.5.
    pub(crate) fn normal(&mut self) -> f64 {
        let bits = self.bits();
        let sum: u64 = [0, 16, 32, 48].iter().map(|shift| (bits >> shift) & 0xffff).sum();
        // Four numbers of variance 1/12: the variance of the sum is 1/3.
        (sum as f64 / 65_535.0 - 2.0) * 3.0_f64.sqrt()
    }

    /// A number whose logarithm is normal: `median` times `e^(spread · normal)`.
    pub(crate) fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        median * (spread * self.normal()).exp()
    }

    /// A time until something that happens by chance, with a mean.
    pub(crate) fn waiting(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.share()).ln()
    }

    /// How often something happens that happens `mean` times on average.
    pub(crate) fn times(&mut self, mean: f64) -> u64 {
        let (mut count, mut until) = (0, self.waiting(1.0));
        while until < mean && count < 10_000 {
            count += 1;
            until += self.waiting(1.0);
        }
        count
    }

    /// One of the places, each with the probability that its weight has among all; 0 without weights.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut rest = self.share() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (place, weight) in weights.enumerate() {
            last = place;
            rest -= weight;
            if rest < 0.0 {
                break;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(number: u64) -> SeededChance {
        SeededChance::new(7, ChancePurpose::State, &[number])
    }

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut chance = SeededChance(1_234_567);
        let numbers = [(); 3].map(|()| chance.bits());
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn every_seed_purpose_and_number_has_numbers_of_its_own() {
        let mut first = std::collections::BTreeSet::new();
        for seed in 0..20 {
            for purpose in [ChancePurpose::State, ChancePurpose::Use, ChancePurpose::Times] {
                for number in 0..20 {
                    for other in 0..5 {
                        first.insert(SeededChance::new(seed, purpose, &[number, other]).bits());
                    }
                }
            }
        }
        assert_eq!(first.len(), 20 * 3 * 20 * 5);
    }

    #[test]
    fn numbers_have_the_distribution_that_they_promise() {
        let mut chance = chance(0);
        let mean = |number: &mut dyn FnMut() -> f64| (0..20_000).map(|_| number()).sum::<f64>() / 20_000.0;
        assert!(mean(&mut || chance.normal()).abs() < 0.05);
        assert!((mean(&mut || chance.normal().powi(2)) - 1.0).abs() < 0.05);
        assert!((mean(&mut || chance.share()) - 0.5).abs() < 0.02);
        assert!((mean(&mut || chance.waiting(3.0)) - 3.0).abs() < 0.15);
        assert!((mean(&mut || chance.times(2.0) as f64) - 2.0).abs() < 0.1);
        assert!((mean(&mut || f64::from(chance.below(5))) - 2.0).abs() < 0.06);
        assert!((mean(&mut || chance.weighted([1.0, 3.0].into_iter()) as f64) - 0.75).abs() < 0.03);
    }

    #[test]
    fn nothing_is_chosen_outside_its_bounds() {
        let mut chance = chance(1);
        for _ in 0..1000 {
            assert!(chance.below(3) < 3 && chance.weighted([0.0, 1.0, 0.0].into_iter()) == 1);
        }
        assert_eq!((chance.below(0), chance.weighted(std::iter::empty())), (0, 0));
        assert!(!chance.happens(0.0) && chance.happens(1.0));
    }
}
