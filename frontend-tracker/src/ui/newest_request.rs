//! Tells the newest of several requests for one value from those before it, whose answers may come later.

/// The requests for one value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NewestRequest {
    number: u32,
    is_awaited: bool,
}

impl NewestRequest {
    /// Begins a request, and returns its number. Answers to those before are not taken any more.
    pub(super) const fn send(&mut self) -> u32 {
        self.number += 1;
        self.is_awaited = true;
        self.number
    }

    /// Begins a request unless one is under way. So a server that answers slowly is not asked more and more.
    pub(super) fn send_if_idle(&mut self) -> Option<u32> {
        (!self.is_awaited).then(|| self.send())
    }

    /// Whether the answer to a request is to be taken: it is the newest one, and was not given up.
    pub(super) const fn take(&mut self, number: u32) -> bool {
        let is_newest = self.is_awaited && number == self.number;
        if is_newest {
            self.is_awaited = false;
        }
        is_newest
    }

    /// Wants no answer to what is under way.
    pub(super) const fn give_up(&mut self) {
        self.is_awaited = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_request_is_answered() {
        let mut requests = NewestRequest::default();
        let (first, second) = (requests.send(), requests.send());
        assert!(!requests.take(first), "a later one is under way");
        assert_eq!(requests.send_if_idle(), None);
        assert!(requests.take(second));
        assert!(!requests.take(first), "it came after the newer one");
        let third = requests.send_if_idle();
        requests.give_up();
        assert!(third.is_some_and(|third| !requests.take(third)));
        assert!(requests.send_if_idle().is_some());
    }
}
