//! Gives a process mounts of its own, such as full or read-only file systems, which no other process sees.

/// The words that start a program with mounts of its own, after the shell commands in `prepare`.
///
/// Root does without a user namespace; others become root in one.
pub(crate) fn with_mounts(prepare: &str) -> Vec<String> {
    let mut words = vec!["unshare".to_owned()];
    if !is_root() {
        words.extend(["--user", "--map-root-user"].map(str::to_owned));
    }
    let script = format!("{prepare} && exec \"$@\"");
    words.extend(["--mount", "sh", "-c", &script, "sh"].map(str::to_owned));
    words
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}
