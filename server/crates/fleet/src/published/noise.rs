//! The noise of a cell, which is a function of a key, the cell and the release.
//!
//! It is the sum of parts that stay the same for one release, for some, or for ever. The part that stays hides
//! an installation from the average over many releases. The fresh ones hide that it came or went.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    answer::{BaseCellName, CellLabel},
    rule::{PublicationRule, ReleaseStage},
};

/// The secret that noise is made with. Whoever has it can take the noise away.
#[derive(Clone)]
pub struct NoiseKey([u8; 32]);

impl NoiseKey {
    /// A key of random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for NoiseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NoiseKey(..)")
    }
}

/// The noise of all cells of one release.
pub(crate) struct ReleaseNoise {
    parts: Vec<(f64, Hmac<Sha256>)>,
    cut: i64,
}

/// What a number is the number of. Two different ones have independent noise.
#[derive(Clone, Copy)]
pub(crate) struct NoiseInput<'a> {
    /// What is counted, for example the name of a table.
    pub(crate) counted: &'a str,
    pub(crate) base: Option<&'a BaseCellName>,
    pub(crate) labels: &'a [&'a str],
}

impl ReleaseNoise {
    pub(crate) fn new(
        rule: &PublicationRule,
        key: &NoiseKey,
        product: &str,
        day: u32,
        stage: ReleaseStage,
    ) -> Self {
        let release = rule.release_number(day);
        let norm = rule.noise_parts.iter().map(|part| part.weight * part.weight).sum::<f64>().sqrt();
        let parts =
            rule.noise_parts.iter().enumerate().filter(|_| rule.noise_sd > 0.0).map(|(position, part)| {
                let mut keyed = Hmac::<Sha256>::new(&block_of(key).into());
                keyed.update(b"headcount-noise-v1");
                keyed.update(&[u8::try_from(position).unwrap_or(u8::MAX)]);
                let period = part.releases.map(|releases| release / releases);
                keyed.update(&period.map_or(u64::MAX, u64::from).to_le_bytes());
                add_text(&mut keyed, if part.by_stage { stage.name() } else { "" });
                add_text(&mut keyed, product);
                (rule.noise_sd * part.weight / norm, keyed)
            });
        Self { parts: parts.collect(), cut: rule.noise_cut }
    }

    /// The noise of a number of installations.
    pub(crate) fn whole(&self, input: NoiseInput<'_>) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "it is cut to a few hundred at most")]
        let noise = self.real(input).round() as i64;
        noise
    }

    /// The same noise before it is rounded.
    pub(crate) fn real(&self, input: NoiseInput<'_>) -> f64 {
        let sum: f64 = self.parts.iter().map(|(sd, keyed)| sd * standard_normal(keyed.clone(), input)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
        let cut = self.cut as f64;
        sum.clamp(-cut, cut)
    }
}

/// The key as long as a block of SHA-256, for which no length is wrong.
fn block_of(key: &NoiseKey) -> [u8; 64] {
    let mut block = [0; 64];
    block[..key.0.len()].copy_from_slice(&key.0);
    block
}

fn add_text(keyed: &mut Hmac<Sha256>, text: &str) {
    keyed.update(&(text.len() as u64).to_le_bytes());
    keyed.update(text.as_bytes());
}

fn add_label(keyed: &mut Hmac<Sha256>, label: &CellLabel) {
    match label {
        CellLabel::Name(name) => {
            keyed.update(&[1]);
            add_text(keyed, name);
        }
        CellLabel::Other => keyed.update(&[0]),
    }
}

/// A number that is distributed as a standard normal one, nearly: the sum of 16 uniform ones. Without functions
/// whose last digit depends on the machine.
fn standard_normal(mut keyed: Hmac<Sha256>, input: NoiseInput<'_>) -> f64 {
    add_text(&mut keyed, input.counted);
    match input.base {
        None => keyed.update(&[0]),
        Some(base) => {
            keyed.update(&[1]);
            add_label(&mut keyed, &base.version);
            match &base.database {
                None => keyed.update(&[2]),
                Some(database) => add_label(&mut keyed, database),
            }
        }
    }
    for label in input.labels {
        add_text(&mut keyed, label);
    }
    let digest = keyed.finalize().into_bytes();
    let sum: u32 = digest.chunks_exact(2).map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]]))).sum();
    // Each has the mean 32767.5 and the standard deviation 65536 / √12.
    (f64::from(sum) - 16.0 * 32_767.5) / (65_536.0 * 1.154_700_538_379_251_5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise_of(rule: &PublicationRule, day: u32, stage: ReleaseStage, cell: usize) -> f64 {
        let label = cell.to_string();
        let input = NoiseInput { counted: "clouds", base: None, labels: &[&label] };
        ReleaseNoise::new(rule, &NoiseKey::new([7; 32]), "coroot", day, stage).real(input)
    }

    /// The mean of the products of two noises over many cells.
    fn covariance(a: impl Fn(usize) -> f64, b: impl Fn(usize) -> f64) -> f64 {
        (0..4_000).map(|cell| a(cell) * b(cell)).sum::<f64>() / 4_000.0
    }

    #[test]
    fn noise_has_the_standard_deviation_of_the_rule_and_shares_its_lasting_parts() {
        use ReleaseStage::{Final, Provisional};
        let rule = PublicationRule::default();
        let first = |cell| noise_of(&rule, 16 * 7 + 3, Final, cell);
        // Of 30 squares of weights, 16 are fresh in a release, 4 in a week, 1 in eight weeks.
        for (day, stage, shared) in [
            (115, Final, 30.0),
            (115, Provisional, 14.0),
            (122, Final, 10.0),
            (171, Final, 9.0),
            (1_571, Final, 9.0),
        ] {
            let found = covariance(first, |cell| noise_of(&rule, day, stage, cell));
            let wanted = 625.0 * shared / 30.0;
            assert!((found - wanted).abs() < 40.0, "day {day} {stage:?}: {found} instead of {wanted}");
        }
    }

    #[test]
    fn noise_is_cut() {
        let rule = PublicationRule { noise_cut: 15, ..PublicationRule::default() };
        let noises: Vec<f64> = (0..200).map(|cell| noise_of(&rule, 3, ReleaseStage::Final, cell)).collect();
        assert!(noises.iter().all(|noise| noise.abs() <= 15.0), "{noises:?}");
        assert!(noises.contains(&15.0), "{noises:?}");
    }

    #[test]
    fn noise_differs_between_keys_products_tables_and_cells() {
        let rule = PublicationRule::default();
        let base = BaseCellName { version: CellLabel::Name("other".to_owned()), database: None };
        let other = BaseCellName { version: CellLabel::Other, database: None };
        let mut seen = Vec::new();
        for (key, product) in [(1, "coroot"), (2, "coroot"), (1, "shop")] {
            let [first, second] = [3, 10].map(|day| {
                ReleaseNoise::new(&rule, &NoiseKey::new([key; 32]), product, day, ReleaseStage::Final)
            });
            for counted in ["clouds", "services"] {
                for base in [None, Some(&base), Some(&other)] {
                    for labels in [&["a", "b"][..], &["ab"], &["a"], &[]] {
                        let input = NoiseInput { counted, base, labels };
                        // One number may be equal by chance, two may not.
                        seen.push([first.real(input).to_bits(), second.real(input).to_bits()]);
                    }
                }
            }
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", NoiseKey::new([7; 32])), "NoiseKey(..)");
    }
}
