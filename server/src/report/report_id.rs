//! Makes the ids of reports, which are sent as `Idempotency-Key`.

use std::time::Duration;

use uuid::{NoContext, Timestamp, Uuid};

/// A new id for a report that is made at `now`, a time since the Unix epoch: a UUID of version 7 with that
/// second, which `profile.to` has anyway, and 74 random bits. Milliseconds would reveal when the server was
/// started.
#[must_use]
pub fn new_report_id(now: Duration) -> Uuid {
    Uuid::new_v7(Timestamp::from_unix(NoContext, now.as_secs(), 0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_id_tells_the_second_and_nothing_finer() {
        let now = Duration::new(1_700_000_123, 987_654_321);
        let ids: BTreeSet<Uuid> = (0..100).map(|_| new_report_id(now)).collect();
        assert_eq!(ids.len(), 100);
        for id in ids {
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.get_timestamp().unwrap().to_unix(), (1_700_000_123, 0));
            assert_eq!(id.as_u128() >> 80, 1_700_000_123_000, "milliseconds of a whole second");
        }
    }

    #[test]
    fn all_other_bits_are_random() {
        let ids: Vec<u128> = (0..64).map(|_| new_report_id(Duration::from_secs(1)).as_u128()).collect();
        let (ever_set, always_set) =
            (ids.iter().fold(0, |all, id| all | id), ids.iter().fold(!0, |all, id| all & id));
        let version_and_variant = (0xf << 76) | (0b11 << 62);
        let expected = ((1_u128 << 80) - 1) & !version_and_variant;
        assert_eq!((ever_set ^ always_set) & ((1 << 80) - 1), expected);
    }
}
