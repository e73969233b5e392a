//! Answers how many installations are active and how many stay.

use headcount_shared::api::{
    FleetActivityAnswer, FleetActivityDay, FleetRetentionAnswer, FleetRetentionWeek,
};

use super::answer_period::AnswerPeriod;
use crate::activity::{ActivityCounts, ActivityDay, FleetActivity};

/// The activity of each day of a period.
#[must_use]
pub fn activity_answer(
    period: &AnswerPeriod,
    activity: &FleetActivity,
    computed_at: Option<u64>,
) -> FleetActivityAnswer {
    let days = activity.days.iter().filter(|day| (period.first..=period.last).contains(&day.day));
    FleetActivityAnswer {
        scope: period.scope(computed_at),
        days: days.map(|day| activity_day(day, period.version.as_deref())).collect(),
    }
}

fn activity_day(day: &ActivityDay, version: Option<&str>) -> FleetActivityDay {
    let ActivityCounts { active_1d, active_7d, active_30d, new, returning, gone } = match version {
        None => day.total,
        Some(version) => {
            let place = day.versions.binary_search_by(|(known, _)| known.as_str().cmp(version));
            place
                .ok()
                .and_then(|place| day.versions.get(place))
                .map(|(_, counts)| *counts)
                .unwrap_or_default()
        }
    };
    FleetActivityDay { day: day.day.to_string(), active_1d, active_7d, active_30d, new, returning, gone }
}

/// The weeks of a period in which installations came, and how many of them stay.
#[must_use]
pub fn retention_answer(
    period: &AnswerPeriod,
    activity: &FleetActivity,
    computed_at: Option<u64>,
) -> FleetRetentionAnswer {
    let weeks = activity
        .cohorts
        .iter()
        .filter(|cohort| (period.first.week_start()..=period.last).contains(&cohort.week));
    let weeks = weeks.map(|cohort| FleetRetentionWeek {
        week: cohort.week.to_string(),
        installations: cohort.active.first().copied().unwrap_or_default(),
        active: cohort.active.clone(),
    });
    FleetRetentionAnswer { scope: period.scope(computed_at), weeks: weeks.collect() }
}
