//! Runs the PromQL parser where its failures stay.
//!
//! The parser panics on some texts (`x offset NaN`), and works recursively on what it has read, so a deeply nested text
//! could overflow the stack, which ends the process. It runs in a thread of its own, whose stack is large enough for the
//! longest text that is accepted.

use std::thread;

/// The longest text that is parsed, in bytes.
const LONGEST: usize = 16 * 1024;

/// The stack of the thread: some kilobytes for each byte of the text. Only what is used of it takes memory.
const STACK: usize = 128 * 1024 * 1024;

/// What `work` makes of `text`; `None` when it makes nothing of it, fails, or would have too much to do.
pub(super) fn confined<T: Send>(text: &str, work: impl FnOnce(&str) -> Option<T> + Send) -> Option<T> {
    if text.len() > LONGEST {
        return None;
    }
    thread::scope(|scope| {
        let parsing = thread::Builder::new().name("promql".to_owned()).stack_size(STACK);
        // A panic comes back as an error; its message stays with the thread.
        parsing.spawn_scoped(scope, || work(text)).ok()?.join().ok()?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_no_result_and_goes_no_further() {
        assert_eq!(confined("abc", |text| Some(text.len())), Some(3));
        assert_eq!(confined("abc", |_| None::<()>), None);
        assert_eq!(confined("abc", |_| -> Option<()> { panic!("on purpose") }), None);
        assert_eq!(confined(&"a".repeat(LONGEST + 1), |_| Some(())), None);
    }
}
