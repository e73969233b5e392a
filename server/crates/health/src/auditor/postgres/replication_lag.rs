//! Computes how far a PostgreSQL replica is behind, from its position in the write-ahead log and those of the
//! primary over time.

use headcount_topology::{model::DatabaseEngine, queries::PG_WAL_CURRENT_LSN};

use crate::auditor::{audited_application::AuditedApplication, audited_database};

/// The positions of the primary in the log over time, with the moments in Unix seconds. At each moment, the
/// greatest position of all instances that write.
#[derive(Debug, Default)]
pub(super) struct PrimaryWalHistory {
    places: Vec<(u32, f32)>,
    /// The current position; NaN if unknown.
    now: f32,
}

impl PrimaryWalHistory {
    /// The primary of an application.
    pub(super) fn of(subject: &AuditedApplication<'_, '_>) -> Self {
        let table = subject.world.answers.table(&PG_WAL_CURRENT_LSN);
        let rows: Vec<usize> = subject
            .instances()
            .flat_map(|(id, _)| audited_database::of_instance(subject, id, DatabaseEngine::Postgres))
            .flat_map(|(id, _)| audited_database::series(subject, id, &PG_WAL_CURRENT_LSN))
            .map(|row| row.index())
            .collect();
        let greatest = |values: &[f32]| {
            let values = rows.iter().filter_map(|row| values.get(*row).copied());
            values.fold(f32::NAN, f32::max)
        };
        let places: Vec<_> = table.moments().map(|(at, values)| (at, greatest(values))).collect();
        Self::at(places)
    }

    fn at(mut places: Vec<(u32, f32)>) -> Self {
        let now = places.last().map_or(f32::NAN, |(_, place)| *place);
        places.retain(|(_, place)| !place.is_nan());
        Self { places, now }
    }
}

/// How long ago the primary was at the current position of a replica; `None` if either position is unknown.
/// If that was before all known positions, the result is the time since 1970.
pub(super) fn seconds_behind(primary: &PrimaryWalHistory, replayed: f32) -> Option<u32> {
    let (newest, current) = *primary.places.last()?;
    let missing = (f64::from(primary.now) - f64::from(replayed)).max(0.0);
    if primary.now.is_nan() || replayed.is_nan() {
        return None;
    }
    // Larger positions are from before the log was reset.
    let mut earlier = primary.places.iter().filter(|(_, place)| *place <= current);
    let reached = earlier.rfind(|(_, place)| f64::from(*place) <= f64::from(current) - missing);
    Some(newest - reached.map_or(0, |(at, _)| *at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: u32 = 1_700_000_000;

    #[track_caller]
    fn check(places: &[f32], replayed: f32, expected: Option<u32>) {
        let moments = (FROM..).step_by(15).zip(places.iter().copied());
        let primary = PrimaryWalHistory::at(moments.collect());
        assert_eq!(seconds_behind(&primary, replayed), expected, "{places:?} {replayed}");
    }

    #[test]
    fn a_replica_is_behind_since_the_primary_was_where_it_is() {
        let newest = FROM + 45;
        for (replayed, expected) in [(40.0, 0), (50.0, 0), (30.0, 15), (25.0, 30), (10.0, 45), (9.0, newest)]
        {
            check(&[10.0, 20.0, 30.0, 40.0], replayed, Some(expected));
        }
        // The primary does not write, so its replica is up to date.
        check(&[10.0, 10.0, 10.0], 10.0, Some(0));
        check(&[10.0, f32::NAN, 30.0], 20.0, Some(30));
    }

    #[test]
    fn what_was_written_before_the_log_began_anew_does_not_count() {
        check(&[500.0, 600.0, 10.0, 20.0], 10.0, Some(15));
        check(&[500.0, 600.0, 20.0, 30.0], 10.0, Some(FROM + 45));
    }

    #[test]
    fn of_what_is_not_known_nothing_is_said() {
        check(&[10.0, 20.0, f32::NAN], 20.0, None);
        check(&[10.0, 20.0], f32::NAN, None);
        check(&[], 20.0, None);
    }
}
