//! Sets how often repeatable tests are repeated: the default for every change, more for `make verify`.

use std::env;

/// The environment variable with which `make verify` requests all rounds.
const THOROUGH: &str = "HEADCOUNT_THOROUGH";

/// Returns `usual`, or `thorough` if all rounds are requested.
#[must_use]
pub fn rounds(usual: usize, thorough: usize) -> usize {
    if env::var_os(THOROUGH).is_some_and(|wanted| !wanted.is_empty()) { thorough } else { usual }
}
