//! Logs once when an operation begins to fail, and once when it works again.

use std::fmt::Display;

use headcount_platform::on_change::{OnChange, OperationState};

/// An operation that fails and recovers.
#[derive(Debug)]
pub(super) struct FailureLog {
    what: &'static str,
    state: OnChange<OperationState>,
}

impl FailureLog {
    /// An operation that works so far; `what` names it in the log.
    #[must_use]
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what, state: OnChange::new(OperationState::Works) }
    }

    /// Notes how an attempt went, and passes the result on.
    ///
    /// # Errors
    /// The error of the attempt.
    pub(super) fn note<T, E: Display>(&self, attempt: Result<T, E>) -> Result<T, E> {
        match self.state.news(&attempt) {
            Some(Err(error)) => tracing::error!(%error, "{} fails", self.what),
            Some(Ok(_)) => tracing::info!("{} works again", self.what),
            None => {}
        }
        attempt
    }
}
