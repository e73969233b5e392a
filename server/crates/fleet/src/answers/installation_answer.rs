//! Answers what one installation was on each day.

use headcount_shared::{api::FleetInstallationDay, payload::AlertingIntegration};

use crate::{
    calendar_day::CalendarDay,
    installation_day::{InstallationDays, InstallationHash},
    log_bucket::LogBucket,
    typed_report::IntegrationFlag,
};

/// One installation on a day; `None` if it did not report.
#[must_use]
pub fn installation_on_day(
    day: CalendarDay,
    days: &InstallationDays,
    installation: InstallationHash,
) -> Option<FleetInstallationDay> {
    let place = days.installations.binary_search_by_key(&installation, |row| row.installation).ok()?;
    let row = days.installations.get(place)?;
    let names = |numbers: &[u32]| numbers.iter().map(|number| days.names.name(*number).to_owned()).collect();
    let overrides: Vec<_> = row.overrides.iter().map(|(name, _)| *name).collect();
    let alerting =
        AlertingIntegration::ALL.into_iter().enumerate().filter(|(bit, _)| row.alerting & (1 << bit) != 0);
    Some(FleetInstallationDay {
        day: day.to_string(),
        reports: u64::from(row.reports) + u64::from(row.replica_reports),
        version: days.versions.name(row.version).to_owned(),
        database: row.database.label().to_owned(),
        flags: row.flags.flags().map(IntegrationFlag::label).map(str::to_owned).collect(),
        alerting: alerting.map(|(_, kind)| kind.name().to_owned()).collect(),
        clouds: names(&row.clouds),
        services: names(&row.services),
        instrumented_services: names(&row.instrumented_services),
        inspection_overrides: names(&overrides),
        projects: row.sizes.projects,
        applications: row.sizes.applications,
        nodes: row.sizes.nodes,
        instances: row.sizes.instances,
        deployments: row.deployments,
        browsers: row.browsers,
        page_views: row.page_views,
        cpu_mean: row.cpu.map(|samples| LogBucket::estimate(samples.mean)),
        memory_mean: row.memory.map(|samples| LogBucket::estimate(samples.mean)),
    })
}
