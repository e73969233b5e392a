//! Estimates how many different browsers were dropped, in a fixed amount of memory.
//!
//! `HyperLogLog` with 1,024 registers: the standard error is 3 %. Pseudonyms are random, so their bits need
//! no hash, and only the owner of the installation's key can choose them.

use super::pseudonym::BrowserPseudonym;

/// The number of bits of a pseudonym that choose a register.
const REGISTER_BITS: u32 = 10;

const REGISTERS: usize = 1 << REGISTER_BITS;

/// Corrects the estimate for the number of registers (Flajolet and others, 2007).
const BIAS: f64 = 0.7213 / (1.0 + 1.079 / REGISTERS as f64);

/// How many different browsers were dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DroppedEstimate {
    /// The greatest rank of each register; `None` while nothing was dropped.
    ranks: Option<Box<[u8; REGISTERS]>>,
}

impl DroppedEstimate {
    /// Notes that a browser was dropped.
    pub(super) fn add(&mut self, browser: BrowserPseudonym) {
        let bits = browser.random_bits();
        let register = (bits >> (u64::BITS - REGISTER_BITS)) as u16;
        let rank = (bits << REGISTER_BITS).leading_zeros().min(u64::BITS - REGISTER_BITS) + 1;
        self.raise(register, rank as u8);
    }

    /// Notes the rank of a register. Ignores a register that does not exist.
    pub(super) fn raise(&mut self, register: u16, rank: u8) {
        let ranks = self.ranks.get_or_insert_with(|| Box::new([0; REGISTERS]));
        if let Some(known) = ranks.get_mut(usize::from(register)) {
            *known = rank.max(*known);
        }
    }

    /// The registers in use, and their ranks.
    pub(super) fn registers(&self) -> impl Iterator<Item = (u16, u8)> {
        let ranks = self.ranks.as_deref().into_iter().flatten();
        (0..).zip(ranks.copied()).filter(|&(_, rank)| rank > 0)
    }

    /// The estimated number of dropped browsers.
    pub(super) fn browsers(&self) -> u64 {
        let Some(ranks) = self.ranks.as_deref() else { return 0 };
        let registers = REGISTERS as f64;
        let sum: f64 = ranks.iter().map(|&rank| (-f64::from(rank)).exp2()).sum();
        let estimate = BIAS * registers * registers / sum;
        let unused = ranks.iter().filter(|&&rank| rank == 0).count();
        if unused > 0 && estimate <= 2.5 * registers {
            // With few browsers, the number of unused registers gives a better estimate.
            return (registers * (registers / unused as f64).ln()).round() as u64;
        }
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::pseudonym::BrowserKey, *};

    #[test]
    fn the_estimate_is_near_the_number_of_different_browsers() {
        let (key, mut estimate) = (BrowserKey::new(&[5; 32]), DroppedEstimate::default());
        assert_eq!(estimate.browsers(), 0);
        let mut added = 0_u128;
        for browsers in [1_u64, 10, 100, 1_000, 5_000, 20_000, 100_000] {
            while added < u128::from(browsers) {
                added += 1;
                let uuid = uuid::Builder::from_random_bytes(added.to_be_bytes()).into_uuid();
                let pseudonym = key.pseudonym(uuid).unwrap();
                // Repetitions do not change the estimate.
                estimate.add(pseudonym);
                estimate.add(pseudonym);
            }
            let off = estimate.browsers().abs_diff(browsers);
            assert!(off * 10 <= browsers, "{} of {browsers}", estimate.browsers());
        }
        let mut again = DroppedEstimate::default();
        estimate.registers().for_each(|(register, rank)| again.raise(register, rank));
        assert_eq!(again, estimate);
    }

    #[test]
    fn a_register_that_there_is_not_changes_nothing() {
        let mut estimate = DroppedEstimate::default();
        estimate.add(BrowserPseudonym::from_bits(Uuid::max().as_u128()));
        let before = estimate.browsers();
        estimate.raise(u16::MAX, 9);
        assert_eq!(estimate.browsers(), before);
    }
}
