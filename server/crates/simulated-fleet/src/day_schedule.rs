//! Says which servers of an installation report on a day, and when.
//!
//! Every server has a time within the interval between reports that stays the same, and some seconds of chance. The second
//! server, a replica or a copy, has the other half of the interval: no two reports of an installation are made at once.

use std::ops::Range;

use crate::{
    fleet_plan::FleetPlan,
    installation_traits::InstallationTraits,
    seeded_chance::{ChancePurpose, SeededChance},
};

const DAY_SECONDS: u64 = 24 * 60 * 60;

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

impl ReportingServer {
    /// All of them, in the order of their numbers.
    const ALL: [Self; 3] = [Self::Leader, Self::Replica, Self::Clone];
}

/// One report, before it has any content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScheduledReport {
    pub(crate) server: ReportingServer,
    /// Unix seconds.
    pub(crate) made_at: u64,
    /// The same as days since the first of the plan.
    pub(crate) time: f64,
    /// When the one before it was due, in Unix seconds: where the time that it is about begins.
    pub(crate) from: u64,
    /// The seconds from one report to the next on average, which decide how much happens in one.
    pub(crate) seconds: u32,
}

impl ScheduledReport {
    /// Numbers that tell it from all other reports of the installation.
    pub(crate) const fn numbers(&self, installation: u32) -> [u64; 3] {
        [installation as u64, self.server as u64, self.made_at]
    }
}

/// The servers of each half of an interval.
const HALVES: [&[ReportingServer]; 2] =
    [&[ReportingServer::Leader], &[ReportingServer::Replica, ReportingServer::Clone]];

/// What chance decides of an installation on a day, whoever is there.
#[derive(Debug)]
struct DayPlan {
    is_off: bool,
    leader_is_off: bool,
    /// Some hours without reports, as shares of the day.
    hours_off: Option<Range<f64>>,
    /// The second of the day of every report that is due, in order.
    due: Vec<(ReportingServer, u32)>,
}

impl DayPlan {
    fn new(plan: &FleetPlan, installation: u32, day: u32) -> Self {
        let mut chance =
            SeededChance::new(plan.seed, ChancePurpose::Schedule, &[installation.into(), day.into()]);
        let (is_off, leader_is_off, has_hours_off) =
            (chance.happens(DAY_OFF), chance.happens(REPLICA_ALONE), chance.happens(HOURS_OFF));
        let hours_off_begin = chance.share();
        let hours_off = hours_off_begin..hours_off_begin + 0.05 + chance.share() * 0.3;
        let seconds = plan.report_seconds();
        let phases = ReportingServer::ALL.map(|server| phase(plan.seed, installation, server, seconds / 2));
        let mut due = Vec::new();
        for slot in 0..plan.reports_per_day {
            for (half, servers) in (0..).zip(HALVES) {
                for server in servers {
                    let phase = phases.get(*server as usize).copied().unwrap_or_default();
                    let offset = phase + chance.below(seconds / 2 / 10);
                    due.push((*server, slot * seconds + half * (seconds / 2) + offset));
                }
            }
        }
        Self { is_off, leader_is_off, hours_off: has_hours_off.then_some(hours_off), due }
    }

    /// When the last report of a server on this day is due.
    fn last_due(&self, server: ReportingServer) -> Option<u32> {
        self.due.iter().rev().find(|(of_server, _)| *of_server == server).map(|(_, second)| *second)
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
    let of_day = DayPlan::new(plan, installation.number, day);
    if of_day.is_off {
        return Vec::new();
    }
    let day_before = day.checked_sub(1).map(|before| DayPlan::new(plan, installation.number, before));
    let start = plan.day(day).start();
    let is_alone = of_day.leader_is_off && installation.replica.contains(f64::from(day));
    let seconds = plan.report_seconds();
    // As if every report before had been sent: while a server is off, the time of none of its reports passes.
    let mut due_before = ReportingServer::ALL.map(|server| {
        let last = day_before.as_ref().and_then(|before| before.last_due(server));
        last.map(|last| start - DAY_SECONDS + u64::from(last))
    });
    let mut reports = Vec::new();
    for (server, second) in &of_day.due {
        let share = f64::from(*second) / 86_400.0;
        let time = f64::from(day) + share;
        let made_at = start + u64::from(*second);
        let before = due_before.get_mut(*server as usize).and_then(|before| before.replace(made_at));
        let from = before.unwrap_or_else(|| made_at.saturating_sub(seconds.into()));
        let is_there = match server {
            ReportingServer::Leader => !is_alone,
            ReportingServer::Replica => installation.replica.contains(time),
            ReportingServer::Clone => {
                installation.clone.contains(time) && !installation.replica.contains(time)
            }
        };
        let is_off = of_day.hours_off.as_ref().is_some_and(|hours| hours.contains(&share));
        if is_there && !is_off && installation.life.is_sending(time) {
            reports.push(ScheduledReport { server: *server, made_at, time, from, seconds });
        }
    }
    reports
}

/// The seconds after the beginning of a server's half of the interval that stay the same.
fn phase(seed: u64, installation: u32, server: ReportingServer, half: u32) -> u32 {
    let numbers = [installation.into(), server as u64];
    SeededChance::new(seed, ChancePurpose::ServerPhase, &numbers).below(half / 10 * 9)
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
    fn the_time_of_a_report_begins_where_that_of_the_report_before_ends() {
        for reports_per_day in [1, 4, 24] {
            let plan = plan(reports_per_day);
            let (mut joined, mut apart) = (0, 0);
            for number in 0..100 {
                let mut installation = installation(&plan, number);
                (installation.replica, installation.clone) = (DaySpan::NEVER, DaySpan::NEVER);
                let reports: Vec<_> =
                    (0..plan.days).flat_map(|day| reports_of_day(&plan, &installation, day)).collect();
                for pair in reports.windows(2) {
                    let [before, after] = pair else { panic!("{pair:?}") };
                    assert!(before.made_at <= after.from && after.from < after.made_at, "{pair:?}");
                    if before.made_at == after.from { joined += 1 } else { apart += 1 }
                }
            }
            assert!(joined > 20 * apart && apart > 0, "{reports_per_day}: {joined} {apart}");
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
