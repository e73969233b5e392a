//! Holds a value of the server that is fetched again and again.

use leptos::prelude::*;

use crate::ui::{
    answer::{ApiFailure, FetchState},
    newest_request::NewestRequest,
};

/// A value that is fetched again and again. What has arrived stays until a newer one arrives.
#[derive(Debug)]
pub(super) struct FetchedValue<T: 'static> {
    /// The newest value that arrived; or that it is on its way, or why none has arrived.
    pub(super) state: RwSignal<FetchState<T>>,
    /// Why the last request failed, if it did.
    pub(super) failure: RwSignal<Option<String>>,
    pub(super) requests: StoredValue<NewestRequest>,
}

impl<T> Clone for FetchedValue<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FetchedValue<T> {}

impl<T: Send + Sync + 'static> FetchedValue<T> {
    pub(super) fn new() -> Self {
        Self {
            state: RwSignal::new(FetchState::Waiting),
            failure: RwSignal::new(None),
            requests: StoredValue::new(NewestRequest::default()),
        }
    }

    /// Takes the answer to the newest request.
    pub(super) fn take(self, answer: Result<T, ApiFailure>) {
        let answer = answer.map_err(ApiFailure::sentence);
        self.failure.set(answer.as_ref().err().cloned());
        match answer {
            Ok(value) => self.state.set(FetchState::Here(value)),
            Err(why) if self.state.with_untracked(|state| state.here().is_none()) => {
                self.state.set(FetchState::Failed(why));
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_takes_nothing_away_that_is_here() {
        let owner = Owner::new();
        owner.set();
        let told = || Err(ApiFailure::Told("No.".to_owned()));
        let fetched = FetchedValue::<u8>::new();
        let now = || (fetched.state.get_untracked(), fetched.failure.get_untracked());
        fetched.take(told());
        assert_eq!(now(), (FetchState::Failed("No.".to_owned()), Some("No.".to_owned())));
        fetched.take(Ok(1));
        assert_eq!(now(), (FetchState::Here(1), None));
        fetched.take(told());
        assert_eq!(now(), (FetchState::Here(1), Some("No.".to_owned())));
        fetched.take(Ok(2));
        assert_eq!(now(), (FetchState::Here(2), None));
    }
}
