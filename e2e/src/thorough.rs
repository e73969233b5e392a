//! How much of what can be repeated at will is repeated: enough for every change, or as much as `make verify` wants.

use std::env;

/// The environment variable by which `make verify` asks for all of it.
const THOROUGH: &str = "HEADCOUNT_THOROUGH";

/// `usual` rounds, or `thorough` ones where that is asked for.
#[must_use]
pub fn rounds(usual: usize, thorough: usize) -> usize {
    if env::var_os(THOROUGH).is_some_and(|wanted| !wanted.is_empty()) { thorough } else { usual }
}
