//! Decides which names may leave this process.
//!
//! Functions of the program have their demangled name, without anything that looks like a path. Functions
//! outside of it have names from a closed list, because helpers of a C library reveal its release, and with
//! it the distribution; variants of one function reveal the kind of CPU. Files have no names.

use std::borrow::Cow;

/// The name of the executable in a profile, whatever its name on the host.
pub(super) const EXECUTABLE: &str = "headcount";

/// The name of everything outside of the program, and of each function there without a public name.
pub(super) const SYSTEM: &str = "[system]";

/// The longest function name, in bytes. Names of nested async closures reach a few hundred.
const FUNCTION_NAME_BYTES: usize = 512;

/// Functions of the C library, the system calls and the unwinder that programs call by these names on every
/// system. Their own helpers, and how they are split up, differ from release to release.
const PUBLIC_FUNCTIONS: [&str; 85] = [
    "_Unwind_Backtrace",
    "_Unwind_RaiseException",
    "_Unwind_Resume",
    "accept4",
    "bind",
    "brk",
    "calloc",
    "clock_gettime",
    "close",
    "connect",
    "cos",
    "dl_iterate_phdr",
    "epoll_ctl",
    "epoll_wait",
    "exp",
    "fcntl",
    "fdatasync",
    "free",
    "fstat",
    "fsync",
    "ftruncate",
    "getaddrinfo",
    "getenv",
    "getpid",
    "getrandom",
    "getsockname",
    "getsockopt",
    "gettimeofday",
    "ioctl",
    "listen",
    "log",
    "lseek",
    "madvise",
    "malloc",
    "memchr",
    "memcmp",
    "memmove",
    "memrchr",
    "memset",
    "mkdir",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "nanosleep",
    "open",
    "poll",
    "posix_memalign",
    "pow",
    "pread",
    "pthread_cond_signal",
    "pthread_cond_wait",
    "pthread_create",
    "pthread_getspecific",
    "pthread_mutex_lock",
    "pthread_mutex_trylock",
    "pthread_mutex_unlock",
    "pthread_rwlock_rdlock",
    "pthread_rwlock_unlock",
    "pthread_rwlock_wrlock",
    "pthread_setspecific",
    "pwrite",
    "read",
    "readdir",
    "readv",
    "realloc",
    "recv",
    "recvfrom",
    "recvmsg",
    "rename",
    "rmdir",
    "sched_yield",
    "send",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "sigaction",
    "sin",
    "socket",
    "strlen",
    "syscall",
    "unlink",
    "write",
    "writev",
];

/// The name of a function outside of the program: a public name, or [`SYSTEM`].
pub(super) fn system_function_name(symbol: &str) -> &'static str {
    let symbol = symbol.split('@').next().unwrap_or_default();
    let plain = symbol.trim_start_matches('_');
    let plain = plain.strip_prefix("GI_").unwrap_or(plain).trim_start_matches('_');
    let plain =
        plain.strip_prefix("libc_").or_else(|| plain.strip_prefix("pthread_internal_")).unwrap_or(plain);
    let plain = plain.strip_suffix("64").unwrap_or(plain);
    // `memmove_avx_unaligned_erms`, `exp_fma`: the variant reveals the kind of CPU.
    let first_word = plain.split('_').next().unwrap_or_default();
    [symbol, plain, first_word].into_iter().find_map(public_function).unwrap_or(SYSTEM)
}

fn public_function(name: &str) -> Option<&'static str> {
    // Libraries differ in which of the three does the work.
    let name = if matches!(name, "memcpy" | "mempcpy") { "memmove" } else { name };
    PUBLIC_FUNCTIONS.into_iter().find(|public| *public == name)
}

/// The name of a function for a report: paths become `…`, and long names are cut.
pub(super) fn function_name(demangled: &str) -> String {
    let name = if demangled.contains(['/', '\\']) {
        Cow::Owned(without_paths(demangled))
    } else {
        Cow::Borrowed(demangled)
    };
    let end = name.floor_char_boundary(FUNCTION_NAME_BYTES);
    name.get(..end).unwrap_or_default().to_owned()
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
    fn functions_of_the_system_have_a_public_name_or_none() {
        for (symbol, expected) in [
            ("read", "read"),
            ("__read", "read"),
            ("__libc_read", "read"),
            ("__GI___libc_read", "read"),
            ("pread64", "pread"),
            ("__memmove_avx_unaligned_erms", "memmove"),
            ("__memmove_avx512_unaligned_erms", "memmove"),
            ("__memcpy_ssse3_back", "memmove"),
            ("memcpy@@GLIBC_2.14", "memmove"),
            ("__strlen_evex", "strlen"),
            ("__exp_fma", "exp"),
            ("pthread_mutex_lock", "pthread_mutex_lock"),
            ("___pthread_mutex_lock", "pthread_mutex_lock"),
            ("_Unwind_Resume", "_Unwind_Resume"),
            ("__libc_start_call_main", "[system]"),
            ("__libc_start_main_impl", "[system]"),
            ("__clone3", "[system]"),
            ("start_thread", "[system]"),
            ("_dl_relocate_object", "[system]"),
            ("__vdso_clock_gettime", "[system]"),
            ("acme_agent_hook", "[system]"),
            ("", "[system]"),
        ] {
            assert_eq!(system_function_name(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn public_functions_are_sorted_and_found_by_their_own_name() {
        assert!(PUBLIC_FUNCTIONS.is_sorted());
        for name in PUBLIC_FUNCTIONS {
            assert_eq!(system_function_name(name), name);
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
