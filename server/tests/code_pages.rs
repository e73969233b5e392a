//! Tests the release of code pages, in a process in which nothing else runs.

use headcount_profiler::code_pages::give_back;

#[test]
fn code_that_is_not_run_takes_no_memory_and_what_is_runs_again() {
    let of_the_start = give_back().unwrap();
    // This runs, so some of it is mapped again.
    let of_this_test = give_back().unwrap();
    assert!(of_this_test > 0 && of_this_test < of_the_start, "{of_this_test} of {of_the_start} bytes");
}
