//! Runs the PromQL parser in a thread of its own, where its panics do no harm.
//!
//! The parser panics on some texts (`x offset NaN`), and is recursive, so that a deeply nested text could
//! overflow the stack, which ends the process. The stack of the thread is large enough for the longest
//! accepted text.

use std::thread;

/// The longest accepted text, in bytes.
const LONGEST: usize = 16 * 1024;

/// The stack size of the thread: some kilobytes for each byte of the text. Only the used part takes memory.
const STACK: usize = 128 * 1024 * 1024;

/// The result of `work` on `text`; `None` if it has none, panics, or the text is too long.
pub(super) fn confined<T: Send>(text: &str, work: impl FnOnce(&str) -> Option<T> + Send) -> Option<T> {
    if text.len() > LONGEST {
        return None;
    }
    thread::scope(|scope| {
        let parsing = thread::Builder::new().name("promql".to_owned()).stack_size(STACK);
        // A panic becomes an error; its message stays in the thread.
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
