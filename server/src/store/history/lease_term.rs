//! Computes from this server's monotonic clock whether its lease still holds.
//!
//! The database grants the lease and ends it by its own clock. A server counts its lease from the moment
//! before its question and makes it shorter by [`MARGIN`], so that it stops before another one can begin.

use std::time::Duration;

/// The length of a lease in the database.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// How much earlier a server stops: more than two clocks differ after a lease.
const MARGIN: Duration = Duration::from_secs(2);

/// The state of a server's lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeaseTerm {
    /// The database has not answered yet.
    Unknown,
    /// This server leads until this moment of its monotonic clock.
    Until(Duration),
    /// Another server leads, or may lead.
    Elsewhere,
    /// This server gave up for the rest of this run.
    GivenUp,
}

impl LeaseTerm {
    /// The state after an answer to a question that was asked at `asked_at`.
    pub(super) fn answered(asked_at: Duration, is_granted: bool) -> Self {
        if is_granted { Self::Until(asked_at + LEASE - MARGIN) } else { Self::Elsewhere }
    }

    /// The remaining time of the lease; zero if this server is not the leader.
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
