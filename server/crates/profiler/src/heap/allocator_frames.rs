//! Removes functions of the allocator and of containers from the top of stacks.
//!
//! Every allocation ends in the allocator, and before that in the containers of the standard library. A
//! profile with them on top would name them for everything.

/// Beginnings of the names of C functions: the entries of the allocator and, with its prefix or without, what
/// it calls to take a sample.
const C_FUNCTIONS: [&str; 11] = [
    "_rjem_",
    "aligned_alloc",
    "calloc",
    "do_rallocx",
    "imalloc",
    "irallocx",
    "malloc",
    "memalign",
    "posix_memalign",
    "prof_",
    "realloc",
];

/// Rust's interface to the allocator, and the containers and iterators that use it.
const RUST_PATHS: [&str; 6] =
    ["__rustc::__r", "alloc::", "core::", "hashbrown::", "std::collections::", "tikv_jemallocator::"];

/// The number of innermost functions that only serve the next one. The outermost one is never counted.
pub(super) fn functions_inside<'a>(innermost_first: impl ExactSizeIterator<Item = &'a str>) -> usize {
    let most = innermost_first.len().saturating_sub(1);
    innermost_first.take_while(|name| serves(name)).count().min(most)
}

fn serves(name: &str) -> bool {
    if !name.contains("::") {
        return name.starts_with("__r") || C_FUNCTIONS.iter().any(|function| name.starts_with(function));
    }
    let method_of = name.trim_start_matches('<');
    // In `<u8 as alloc::vec::SpecFromElem>::from_elem`, the trait decides.
    let implements =
        name.strip_prefix('<').and_then(|_| name.split_once(" as ")).map_or("", |(_, path)| path);
    RUST_PATHS.iter().any(|path| method_of.starts_with(path) || implements.starts_with(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_that_asked_for_memory_is_the_first_that_does_not_serve() {
        for (stack, expected) in [
            (
                &["prof_backtrace_impl", "_rjem_je_prof_tctx_create", "malloc", "sqlite3MemMalloc", "main"][..],
                3,
            ),
            (
                &[
                    "realloc",
                    "__rustc::__rust_realloc",
                    "alloc::raw_vec::finish_grow",
                    "headcount_observer::world_load",
                ],
                3,
            ),
            (
                &[
                    "malloc",
                    "__rust_alloc",
                    "<alloc::vec::Vec<T> as core::clone::Clone>::clone",
                    "headcount::f",
                ],
                3,
            ),
            (
                &["malloc", "<tikv_jemallocator::Jemalloc as core::alloc::GlobalAlloc>::alloc", "tokio::run"],
                2,
            ),
            (&["calloc", "<u8 as alloc::vec::spec_from_elem::SpecFromElem>::from_elem", "headcount::f"], 2),
            (&["malloc", "<headcount::World as serde::Deserialize>::deserialize", "headcount::f"], 1),
            (
                &[
                    "malloc",
                    "core::iter::Iterator::collect",
                    "hashbrown::raw::RawTable<T>::reserve",
                    "alloc::own::f",
                ],
                3,
            ),
            (&["headcount::f"], 0),
            (&["malloc"], 0),
            (&[], 0),
        ] {
            assert_eq!(functions_inside(stack.iter().copied()), expected, "{stack:?}");
        }
    }
}
