//! Detects changes of a state, so that each change is logged once.

use std::sync::Mutex;

use crate::lock::lock;

/// Whether an operation that is repeated works.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// The latest attempt succeeded, or there was none.
    #[default]
    Works,
    /// The latest attempt failed.
    Fails,
}

/// A state that is set often and is news only when it changes.
#[derive(Debug, Default)]
pub struct OnChange<S>(Mutex<S>);

impl<S: Copy + PartialEq> OnChange<S> {
    /// Begins with `state`.
    #[must_use]
    pub const fn new(state: S) -> Self {
        Self(Mutex::new(state))
    }

    /// The latest state.
    #[must_use]
    pub fn current(&self) -> S {
        *lock(&self.0)
    }

    /// Stores `state`. Returns whether it differs from the one before.
    pub fn set(&self, state: S) -> bool {
        let mut current = lock(&self.0);
        let is_news = *current != state;
        *current = state;
        is_news
    }
}

impl OnChange<OperationState> {
    /// Records an attempt. Returns its result if the operation begins to fail or works again, and `None` if
    /// the attempt before ended in the same way.
    pub fn news<'r, T, E>(&self, attempt: &'r Result<T, E>) -> Option<Result<&'r T, &'r E>> {
        let state = if attempt.is_ok() { OperationState::Works } else { OperationState::Fails };
        self.set(state).then_some(attempt.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_news() {
        let state = OnChange::new(0);
        assert_eq!([0, 2, 2, 1, 1, 0].map(|next| state.set(next)), [false, true, false, true, false, true]);
        assert_eq!(state.current(), 0);
    }

    #[test]
    fn an_operation_is_news_when_it_begins_to_fail_and_when_it_works_again() {
        let operation = OnChange::<OperationState>::default();
        for (attempt, expected) in [
            (Ok(1), None),
            (Err("one"), Some(Err("one"))),
            (Err("two"), None),
            (Ok(2), Some(Ok(2))),
            (Ok(3), None),
            (Err("three"), Some(Err("three"))),
        ] {
            let news = operation.news(&attempt).map(|news| news.copied().map_err(|error| *error));
            assert_eq!(news, expected, "{attempt:?}");
        }
    }
}
