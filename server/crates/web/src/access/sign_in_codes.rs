//! Issues single-use sign-in codes, which links carry instead of the admin token.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use headcount_platform::{hex, lock::lock};
use rand::{CryptoRng, RngExt};
use sha2::{Digest, Sha256};

/// How long a code can be used.
pub(crate) const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The maximum of unused codes. A further one replaces the oldest.
const WAITING: usize = 16;

/// The unused codes. They are in memory only, as digests.
#[derive(Debug, Default)]
pub(crate) struct SignInCodes {
    waiting: Mutex<VecDeque<WaitingCode>>,
}

#[derive(Debug)]
struct WaitingCode {
    digest: [u8; 32],
    /// On the clock that never jumps.
    ends: Duration,
}

impl SignInCodes {
    /// Makes a code of 256 random bits, as hexadecimal digits. `now` is on the clock that never jumps.
    pub(crate) fn issue(&self, random: &mut impl CryptoRng, now: Duration) -> String {
        let bytes: [u8; 32] = random.random();
        let code = hex::encode(bytes);
        let mut waiting = lock(&self.waiting);
        waiting.retain(|code| now < code.ends);
        if waiting.len() >= WAITING {
            waiting.pop_front();
        }
        waiting.push_back(WaitingCode { digest: digest(&code), ends: now + LIFETIME });
        code
    }

    /// Whether `code` can be used now. It can not be used again.
    pub(crate) fn redeem(&self, code: &str, now: Duration) -> bool {
        let wanted = digest(code);
        let mut waiting = lock(&self.waiting);
        waiting.retain(|code| now < code.ends);
        let before = waiting.len();
        // Digests are compared, so the time taken reveals nothing about a code.
        waiting.retain(|code| code.digest != wanted);
        waiting.len() < before
    }
}

fn digest(code: &str) -> [u8; 32] {
    Sha256::digest(code).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once_within_five_minutes() {
        let codes = SignInCodes::default();
        let at = Duration::from_secs;
        let issue = |now| codes.issue(&mut rand::rng(), now);
        let (one, late, other) = (issue(at(0)), issue(at(0)), issue(at(200)));
        assert!(!codes.redeem("", at(1)) && !codes.redeem("0", at(1)));
        assert!(codes.redeem(&one, at(299)));
        assert!(!codes.redeem(&one, at(299)), "it was used");
        assert!(!codes.redeem(&late, at(300)), "its time is over");
        assert!(codes.redeem(&other, at(301)));
    }

    #[test]
    fn a_bounded_number_of_codes_waits() {
        let codes = SignInCodes::default();
        let issued: Vec<_> = (0..=WAITING).map(|_| codes.issue(&mut rand::rng(), Duration::ZERO)).collect();
        let usable: Vec<_> = issued.iter().map(|code| codes.redeem(code, Duration::ZERO)).collect();
        assert_eq!((usable[0], usable[1..].iter().all(|is| *is)), (false, true));
    }
}
