//! Makes random ids as Coroot makes them, for projects and incidents.

use rand::{Rng, RngExt};

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Eight random characters of `0-9a-z`.
pub fn new_id() -> String {
    random_id(&mut rand::rng())
}

fn random_id(random: &mut impl Rng) -> String {
    (0..8).map(|_| char::from(DIGITS[random.random_range(0..DIGITS.len())])).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_id_has_eight_digits_or_small_letters_and_is_another_each_time() {
        let ids: BTreeSet<String> = (0..1000).map(|_| new_id()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 8 && id.bytes().all(|byte| DIGITS.contains(&byte))));
    }
}
