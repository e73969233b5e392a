//! Sets how often repeatable tests are repeated: the default for every change, more for `make verify`.

use std::{env, thread};

/// The environment variable with which `.ci/verify` requests all rounds.
const THOROUGH: &str = "HEADCOUNT_THOROUGH";

/// The tests that have more rounds than `make test` has time for. `.ci/verify` runs these.
const THOROUGH_TESTS: &str = include_str!("../../tests/thorough");

/// Returns `usual`, or `thorough` if all rounds are requested.
///
/// # Panics
/// The calling test is not listed, so that `make verify` would leave it out.
#[must_use]
pub fn rounds(usual: usize, thorough: usize) -> usize {
    assert_listed(thread::current().name());
    if env::var_os(THOROUGH).is_some_and(|wanted| !wanted.is_empty()) { thorough } else { usual }
}

/// The thread of a test has its name. With one test at a time, all run on the main thread.
fn assert_listed(test: Option<&str>) {
    let Some(test) = test.filter(|name| *name != "main") else { return };
    let is_listed = THOROUGH_TESTS.lines().any(|listed| listed == test);
    assert!(is_listed, "`e2e/tests/thorough` has to list {test}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_with_more_rounds_is_listed() {
        assert_listed(THOROUGH_TESTS.lines().next());
        assert_listed(Some("main"));
        assert_listed(None);
    }

    #[test]
    fn a_test_that_is_not_listed_is_refused() {
        let refused = std::panic::catch_unwind(|| rounds(1, 2)).expect_err("it is refused");
        let said = refused.downcast_ref::<String>().map(String::as_str);
        assert!(
            said.is_some_and(|said| said.contains("rounds::tests::a_test_that_is_not_listed")),
            "{said:?}"
        );
    }
}
