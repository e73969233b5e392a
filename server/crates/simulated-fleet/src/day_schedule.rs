//! Says which servers of an installation report on a day, and when.
//!
//! Every server has a time within the interval between reports that stays the same, and some seconds of chance. The second
//! server, a replica or a copy, has the other half of the interval: no two reports of an installation are made at once.

use crate::{
    fleet_plan::FleetPlan,
    installation_traits::InstallationTraits,
    seeded_chance::{ChancePurpose, SeededChance},
};

/// The probability that an installation is switched off for a day.
const DAY_OFF: f64 = 0.008;

/// The probability that only its replica reports on a day.
const REPLICA_ALONE: f64 = 0.04;

/// The probability of some hours without reports.
const HOURS_OFF: f64 = 0.02;

/// Which server of an installation reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportingServer {
    /// The one that speaks for the installation.
    Leader,
    /// One that does not.
    Replica,
    /// A copy that takes itself for the installation, but has another secret.
    Clone,
}

/// One report, before it has any content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScheduledReport {
    pub(crate) server: ReportingServer,
    /// Unix seconds.
    pub(crate) made_at: u64,
    /// The same as days since the first of the plan.
    pub(crate) time: f64,
    /// The seconds that it is about.
    pub(crate) seconds: u32,
}

impl ScheduledReport {
    /// Numbers that tell it from all other reports of the installation.
    pub(crate) const fn numbers(&self, installation: u32) -> [u64; 3] {
        [installation as u64, self.server as u64, self.made_at]
    }
}

/// The reports of an installation on a day of the plan, by time.
pub(crate) fn reports_of_day(
    plan: &FleetPlan,
    installation: &InstallationTraits,
    day: u32,
) -> Vec<ScheduledReport> {
    if !installation.life.may_send_on(day) {
        return Vec::new();
    }
    let numbers = [installation.number.into(), day.into()];
    let mut chance = SeededChance::new(plan.seed, ChancePurpose::Schedule, &numbers);
    let (is_off, leader_is_off, has_hours_off) =
        (chance.happens(DAY_OFF), chance.happens(REPLICA_ALONE), chance.happens(HOURS_OFF));
    let hours_off_begin = chance.share();
    let hours_off = hours_off_begin..hours_off_begin + 0.05 + chance.share() * 0.3;
    if is_off {
        return Vec::new();
    }
    let is_alone = leader_is_off && installation.replica.contains(f64::from(day));
    let seconds = plan.report_seconds();
    let mut reports = Vec::new();
    for slot in 0..plan.reports_per_day {
        for (half, servers) in
            [&[ReportingServer::Leader][..], &[ReportingServer::Replica, ReportingServer::Clone]]
                .iter()
                .enumerate()
        {
            for server in *servers {
                let within_day = slot * seconds
                    + half as u32 * (seconds / 2)
                    + offset_in_half(plan.seed, installation.number, *server, seconds / 2, &mut chance);
                let share = f64::from(within_day) / 86_400.0;
                let time = f64::from(day) + share;
                let is_there = match server {
                    ReportingServer::Leader => !is_alone,
                    ReportingServer::Replica => installation.replica.contains(time),
                    ReportingServer::Clone => {
                        installation.clone.contains(time) && !installation.replica.contains(time)
                    }
                };
                let is_off = has_hours_off && hours_off.contains(&share);
                if is_there && !is_off && installation.life.is_sending(time) {
                    let made_at = plan.day(day).start() + u64::from(within_day);
                    reports.push(ScheduledReport { server: *server, made_at, time, seconds });
                }
            }
        }
    }
    reports
}

/// The seconds after the beginning of a server's half of the interval.
fn offset_in_half(
    seed: u64,
    installation: u32,
    server: ReportingServer,
    half: u32,
    chance: &mut SeededChance,
) -> u32 {
    let numbers = [installation.into(), server as u64];
    let phase = SeededChance::new(seed, ChancePurpose::ServerPhase, &numbers).below(half / 10 * 9);
    phase + chance.below(half / 10)
}

#[cfg(test)]
mod tests {
    use headcount_fleet::calendar_day::CalendarDay;

    use super::*;
    use crate::{
        fleet_plan::MOST_REPORTS_PER_DAY, installation_life::DaySpan, release_history::ReleaseHistory,
    };

    fn plan(reports_per_day: u32) -> FleetPlan {
        FleetPlan {
            seed: 9,
            installations: 200,
            first_day: "2026-09-01".parse().unwrap(),
            days: 40,
            reports_per_day,
            product: None,
        }
    }

    fn installation(plan: &FleetPlan, number: u32) -> InstallationTraits {
        InstallationTraits::new(plan.seed, number, plan.days, &ReleaseHistory::new(plan))
    }

    #[test]
    fn reports_are_in_their_day_and_no_two_of_an_installation_are_made_at_once() {
        for reports_per_day in [1, 7, 24, MOST_REPORTS_PER_DAY] {
            let plan = plan(reports_per_day);
            for number in 0..40 {
                let mut installation = installation(&plan, number);
                installation.replica = DaySpan { from: 0.0, until: 15.0 };
                installation.clone = DaySpan::starting(10.0);
                for day in 0..plan.days {
                    let reports = reports_of_day(&plan, &installation, day);
                    assert!(reports.is_sorted_by(|a, b| a.made_at < b.made_at), "{reports:?}");
                    for report in reports {
                        assert_eq!(CalendarDay::from_unix_seconds(report.made_at), plan.day(day));
                    }
                }
            }
        }
    }

    #[test]
    fn most_days_are_whole_and_some_have_gaps() {
        let plan = plan(24);
        let (mut whole, mut partial, mut missing) = (0, 0, 0);
        for number in 0..200 {
            let mut installation = installation(&plan, number);
            (installation.replica, installation.clone) = (DaySpan::NEVER, DaySpan::NEVER);
            for day in 0..plan.days {
                let begin = f64::from(day);
                let life = installation.life;
                if !(life.is_sending(begin) && life.is_sending(begin + 0.999)) {
                    continue;
                }
                match reports_of_day(&plan, &installation, day).len() {
                    24 => whole += 1,
                    0 => missing += 1,
                    _ => partial += 1,
                }
            }
        }
        assert!(
            whole > 30 * (partial + missing) / 2 && partial > 20 && missing > 10,
            "{whole} {partial} {missing}"
        );
    }
}
