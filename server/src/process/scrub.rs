//! Which names may leave this process?
//!
//! Files go by a closed list, functions by their demangled name without anything that looks like a path.

use std::{borrow::Cow, path::Path};

/// What the executable is called in a profile, whatever it is called on the host.
pub(super) const EXECUTABLE: &str = "headcount";

/// What a file is called that is not on the list.
pub(super) const OTHER: &str = "other";

/// The longest function name, in bytes. Names of nested async closures reach a few hundred.
const FUNCTION_NAME_BYTES: usize = 512;

/// Libraries of the C and C++ run time, as `lib<name>.so` with or without a version.
const LIBRARIES: [&str; 14] = [
    "c",
    "c++",
    "c++abi",
    "dl",
    "gcc_s",
    "m",
    "nss_dns",
    "nss_files",
    "pthread",
    "resolv",
    "rt",
    "stdc++",
    "unwind",
    "util",
];

/// The name under which a shared library may be told: its base name when it is one of the C run time, else [`OTHER`].
pub(super) fn library_name(path: &Path) -> String {
    path.file_name()
        .and_then(|name| name.to_str())
        .filter(|name| is_dynamic_linker(name) || is_known_library(name))
        .unwrap_or(OTHER)
        .to_owned()
}

/// The name of a function as it may leave: paths become `…`, and what is longer than the bound is cut.
pub(super) fn function_name(demangled: &str) -> String {
    let name = if demangled.contains(['/', '\\']) {
        Cow::Owned(without_paths(demangled))
    } else {
        Cow::Borrowed(demangled)
    };
    let end = name.floor_char_boundary(FUNCTION_NAME_BYTES);
    name.get(..end).unwrap_or_default().to_owned()
}

fn is_dynamic_linker(name: &str) -> bool {
    ["ld-linux", "ld-musl"].iter().any(|linker| {
        name.strip_prefix(linker)
            .and_then(|rest| rest.split_once(".so"))
            .is_some_and(|(machine, version)| is_machine(machine) && is_version(version))
    })
}

fn is_known_library(name: &str) -> bool {
    name.strip_prefix("lib")
        .and_then(|rest| rest.split_once(".so"))
        .is_some_and(|(name, version)| LIBRARIES.contains(&name) && is_version(version))
}

fn is_machine(text: &str) -> bool {
    matches!(text, "" | "-x86-64" | "-x86_64" | "-aarch64")
}

fn is_version(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Replaces every word with a slash in it. A word ends where a type, a list or a sentence does.
fn without_paths(name: &str) -> String {
    name.split_inclusive(ends_word)
        .map(|piece| {
            let word = piece.trim_end_matches(ends_word);
            if word.contains(['/', '\\']) { piece.replace(word, "…") } else { piece.to_owned() }
        })
        .collect()
}

fn ends_word(c: char) -> bool {
    matches!(c, ' ' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '"' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_outside_the_c_run_time_have_no_name() {
        for (path, expected) in [
            ("/usr/lib/x86_64-linux-gnu/libc.so.6", "libc.so.6"),
            ("/lib/libgcc_s.so.1", "libgcc_s.so.1"),
            ("/lib/libm-2.31.so", "other"),
            ("/lib/libstdc++.so.6.0.30", "libstdc++.so.6.0.30"),
            ("/lib64/ld-linux-x86-64.so.2", "ld-linux-x86-64.so.2"),
            ("/lib/ld-linux-aarch64.so.1", "ld-linux-aarch64.so.1"),
            ("/lib/ld-musl-x86_64.so.1", "ld-musl-x86_64.so.1"),
            ("/lib/ld-linux-of-jane.so.2", "other"),
            ("/opt/acme/libacme-agent.so", "other"),
            ("/home/jane/libc.so.jane", "other"),
            ("/home/jane/payroll", "other"),
            ("/memfd:jane (deleted)", "other"),
            ("", "other"),
        ] {
            assert_eq!(library_name(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn functions_keep_their_names_and_lose_their_paths() {
        for (name, expected) in [
            ("headcount::main", "headcount::main"),
            (
                "<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop",
                "<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop",
            ),
            ("headcount::serve::{{closure}}", "headcount::serve::{{closure}}"),
            ("__memmove_avx_unaligned_erms", "__memmove_avx_unaligned_erms"),
            ("<impl at /home/jane/.cargo/registry/a.rs:1:2>::run", "<impl at …>::run"),
            ("f::{closure@/build/src/x.rs:3:4: 3:9}", "f::{… 3:9}"),
            ("C:\\Users\\jane\\x.rs", "…"),
            ("/root/x", "…"),
        ] {
            assert_eq!(function_name(name), expected, "{name}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = function_name(&"é".repeat(FUNCTION_NAME_BYTES));
        assert_eq!(name.len(), FUNCTION_NAME_BYTES);
        assert_eq!(function_name(&format!("a{name}")).len(), FUNCTION_NAME_BYTES - 1);
    }
}
