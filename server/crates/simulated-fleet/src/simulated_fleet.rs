//! Makes the reports of a simulated fleet.

use headcount_fleet::calendar_day::CalendarDay;
use headcount_shared::payload::Payload;
use uuid::Uuid;

use crate::{
    day_schedule::{ReportingServer, ScheduledReport, reports_of_day},
    fleet_plan::{FleetPlan, InvalidFleetPlan},
    fleet_truth::FleetTruth,
    installation_traits::InstallationTraits,
    payload_of_report::payload,
    performance_section::TimingCatalogue,
    profile_stacks::StackCatalogue,
    release_history::ReleaseHistory,
    report_state::SimulatedReportState,
    report_use::{PagePopularity, ReportUse},
    seeded_chance::{ChancePurpose, SeededChance},
    truth_counting,
};

/// A fleet that a plan describes. Making one is quick: nothing is invented before it is asked for.
#[derive(Debug, Clone)]
pub struct SimulatedFleet {
    plan: FleetPlan,
    releases: ReleaseHistory,
    timings: TimingCatalogue,
    stacks: StackCatalogue,
    popularity: PagePopularity,
    has_profiles: bool,
}

/// A report with what travels beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedReport {
    /// The `Idempotency-Key`: a UUID of version 7 whose time is [`Self::made_at`].
    pub id: Uuid,
    /// When it was made, in Unix seconds.
    pub made_at: u64,
    /// The body.
    pub payload: Payload,
    /// Whether it has `Headcount-Replica: 1`.
    pub is_replica: bool,
    /// The `Headcount-Product`; `None` without one.
    pub product: Option<String>,
    /// The `Deletion-Commitment`; `None` for releases that do not send one.
    pub deletion_commitment: Option<[u8; 32]>,
}

impl SimulatedFleet {
    /// The fleet of a plan.
    ///
    /// # Errors
    /// [`InvalidFleetPlan`], for a plan with a number outside its bounds.
    pub fn new(plan: FleetPlan) -> Result<Self, InvalidFleetPlan> {
        plan.check()?;
        let releases = ReleaseHistory::new(&plan);
        let count = releases.releases().count();
        Ok(Self {
            releases,
            timings: TimingCatalogue::new(count),
            stacks: StackCatalogue::new(count),
            popularity: PagePopularity::new(),
            plan,
            has_profiles: true,
        })
    }

    /// The same fleet, whose reports have empty profiles: they are a fifth as large. All else is the same.
    #[must_use]
    pub fn without_profiles(self) -> Self {
        Self { has_profiles: false, ..self }
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &FleetPlan {
        &self.plan
    }

    /// The days of the plan.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = CalendarDay> + use<> {
        let first = self.plan.first_day;
        (0..self.plan.days).map(move |offset| first.plus_days(offset))
    }

    /// The reports of a day, made one by one: those of each installation follow each other, by time. There are none
    /// outside the plan. Reports of replicas are among them.
    pub fn reports_of_day(&self, day: CalendarDay) -> impl Iterator<Item = SimulatedReport> {
        (0..self.plan.installations)
            .flat_map(move |installation| self.reports_of_installation(installation, day))
    }

    /// The reports of one installation on a day, by time; `installation` counts from 0. There are none outside the plan.
    /// Ranges of installations can be made side by side.
    pub fn reports_of_installation(
        &self,
        installation: u32,
        day: CalendarDay,
    ) -> impl Iterator<Item = SimulatedReport> {
        let offset = self.plan.offset(day).filter(|_| installation < self.plan.installations);
        let scheduled = offset.and_then(|offset| {
            let installation = self.installation(installation);
            let reports = reports_of_day(&self.plan, &installation, offset);
            (!reports.is_empty()).then_some((installation, reports))
        });
        scheduled.into_iter().flat_map(move |(installation, reports)| {
            reports.into_iter().map(move |report| self.report(&installation, &report))
        })
    }

    /// What is true about all reports of all days, counted without making them. It takes some microseconds a report.
    #[must_use]
    pub fn truth(&self) -> FleetTruth {
        truth_counting::count(self)
    }

    pub(crate) const fn releases(&self) -> &ReleaseHistory {
        &self.releases
    }

    pub(crate) const fn stacks(&self) -> &StackCatalogue {
        &self.stacks
    }

    pub(crate) fn installation(&self, number: u32) -> InstallationTraits {
        InstallationTraits::new(self.plan.seed, number, self.plan.days, &self.releases)
    }

    /// What a report tells about the use of the interface.
    pub(crate) fn report_use(
        &self,
        installation: &InstallationTraits,
        report: &ScheduledReport,
    ) -> ReportUse {
        let first = self.plan.first_day;
        let weekday = first.days_since(first.week_start());
        ReportUse::new(self.plan.seed, installation, report, weekday, &self.popularity)
    }

    fn report(&self, installation: &InstallationTraits, report: &ScheduledReport) -> SimulatedReport {
        let seed = self.plan.seed;
        let state = SimulatedReportState::new(seed, installation, report);
        let shown = self.report_use(installation, report);
        let times = self.timings.section(seed, installation, report, &state);
        let version = self.releases.version(state.release);
        let mut payload = payload(seed, installation, version, &state, &shown, times);
        if self.has_profiles {
            payload.profile = self.stacks.section(seed, installation.number, report, state.release);
        }
        let [own, of_clone] = installation.commitments;
        let commitment = if report.server == ReportingServer::Clone { of_clone } else { own };
        SimulatedReport {
            id: report_id(seed, installation.number, report),
            made_at: report.made_at,
            payload,
            is_replica: report.server == ReportingServer::Replica,
            product: self.plan.product.clone(),
            deletion_commitment: state.release.has_commitment().then_some(commitment),
        }
    }
}

fn report_id(seed: u64, installation: u32, report: &ScheduledReport) -> Uuid {
    let numbers = report.numbers(installation);
    let mut chance = SeededChance::new(seed, ChancePurpose::ReportId, &numbers);
    let [_, _, _, _, _, _, random @ ..] = chance.bytes();
    uuid::Builder::from_unix_timestamp_millis(report.made_at * 1000, &random).into_uuid()
}
