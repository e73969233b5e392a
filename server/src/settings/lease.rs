//! Decides, by this server's monotonic clock, whether it still leads.
//!
//! The database decides who has the lease, and ends it by its own clock. A server counts its lease from the moment before it
//! asked, and gives it [`MARGIN`] less than the database does, so that it stops before another one can begin.

use std::time::Duration;

/// How long a lease is good in the database.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// By how much a server stops earlier: more than two clocks differ after a lease.
const MARGIN: Duration = Duration::from_secs(2);

/// What a server knows of its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeaseTerm {
    /// The database has not said anything yet.
    Unknown,
    /// This server leads until that moment of the monotonic clock.
    Until(Duration),
    /// Another server leads, or may.
    Elsewhere,
    /// This server does not lead any more in this run.
    GivenUp,
}

impl LeaseTerm {
    /// What follows from an answer of the database to a question asked at that moment.
    pub(super) fn answered(asked_at: Duration, is_granted: bool) -> Self {
        if is_granted { Self::Until(asked_at + LEASE - MARGIN) } else { Self::Elsewhere }
    }

    /// How long the lease is still good; zero when this server does not lead.
    pub(super) fn remaining(self, now: Duration) -> Duration {
        match self {
            Self::Until(end) => end.saturating_sub(now),
            Self::Unknown | Self::Elsewhere | Self::GivenUp => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_lease_is_counted_from_the_question_and_ends_before_it_does_in_the_database() {
        let asked_at = seconds(100);
        let granted = LeaseTerm::answered(asked_at, true);
        for (now, remaining) in [(100, 28), (105, 23), (127, 1), (128, 0), (1000, 0)] {
            assert_eq!(granted.remaining(seconds(now)), seconds(remaining), "{now}");
        }
        assert!(granted.remaining(asked_at) < LEASE);
        for term in [LeaseTerm::Unknown, LeaseTerm::answered(asked_at, false), LeaseTerm::GivenUp] {
            assert_eq!(term.remaining(asked_at), Duration::ZERO);
        }
    }
}
