//! What each installation measured on a day: how long its stages and queries took, and the shares of
//! functions.

use std::collections::BTreeMap;

use super::changed_field::{ChangedField, FieldKind};
use crate::{
    installation_day::InstallationHash, log_bucket::LogBucket, profiles::ProfiledResource,
    typed_report::TypedReport,
};

/// What is added to the share of a function before its logarithm is taken: on some days a profile has no
/// sample of it. So the size that is found for a function of a share of 5 % is too small by a tenth of it, of
/// a larger one by less.
const ADDED_SHARE: f64 = 0.005;

/// The readings of all installations on a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InstallationReadings {
    /// Times and functions by number.
    pub fields: Vec<ChangedField>,
    /// Of each installation the numbers of its fields, sorted, with a logarithm: for times the mean of that
    /// of the seconds in its reports. Sorted by hash.
    pub rows: Vec<(InstallationHash, Vec<(u32, f32)>)>,
}

/// Sums of logarithms, and their counts.
type LogSums = BTreeMap<u32, (f32, f32)>;

/// The readings of a day while it is rolled up, in any order.
#[derive(Debug, Clone, Default)]
pub struct ReadingsRollup {
    numbers: BTreeMap<ChangedField, u32>,
    sums: BTreeMap<InstallationHash, LogSums>,
}

impl ReadingsRollup {
    /// Adds a report. Times of 0 say that nothing was measured.
    pub fn add(&mut self, installation: InstallationHash, report: &TypedReport<'_>) {
        let stages = report.stages.iter().map(|(name, time)| (FieldKind::Stage, *name, *time));
        let queries = report.queries.iter().map(|query| (FieldKind::Query, query.name, query.time));
        let world = [("world_load", report.world_load_time), ("audit", report.audit_time)];
        let world = world.into_iter().map(|(name, time)| (FieldKind::WorldTime, name, time));
        for (kind, name, time) in stages.chain(queries).chain(world) {
            if time == LogBucket::ZERO {
                continue;
            }
            self.add_logarithm(installation, ChangedField::new(kind, name), time.estimate().ln());
        }
    }

    /// Adds the share, 0 to 1, that a function takes itself in all profiles of an installation's day. A
    /// function that the installation does not have has a share of 0, which is to be added too. Functions
    /// with a mean share below half a percent are not worth it.
    pub fn add_function(
        &mut self,
        installation: InstallationHash,
        resource: ProfiledResource,
        name: &str,
        share: f64,
    ) {
        let kind = match resource {
            ProfiledResource::Cpu => FieldKind::CpuFunction,
            ProfiledResource::Heap => FieldKind::HeapFunction,
        };
        self.add_logarithm(installation, ChangedField::new(kind, name), function_logarithm(share));
    }

    fn add_logarithm(&mut self, installation: InstallationHash, field: ChangedField, logarithm: f64) {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(field).or_insert(next);
        let (sum, count) = self.sums.entry(installation).or_default().entry(number).or_default();
        *sum += logarithm as f32;
        *count += 1.0;
    }

    /// The readings of the day.
    #[must_use]
    pub fn finish(self) -> InstallationReadings {
        let mut fields: Vec<_> = self.numbers.into_iter().collect();
        fields.sort_by_key(|(_, number)| *number);
        let means =
            |sums: LogSums| sums.into_iter().map(|(number, (sum, count))| (number, sum / count)).collect();
        InstallationReadings {
            fields: fields.into_iter().map(|(field, _)| field).collect(),
            rows: self.sums.into_iter().map(|(installation, sums)| (installation, means(sums))).collect(),
        }
    }
}

/// The logarithm by which shares of functions are compared.
pub(super) fn function_logarithm(share: f64) -> f64 {
    (share.max(0.0) + ADDED_SHARE).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed_report::QueryReading;

    #[test]
    fn a_time_is_the_mean_of_an_installations_reports() {
        let time = LogBucket::containing;
        let report = |stage: f64, query: f64| TypedReport {
            stages: vec![("load", time(stage)), ("nothing", LogBucket::ZERO)],
            queries: vec![QueryReading { name: "up", time: time(query), series: 1, has_failed: false }],
            ..TypedReport::default()
        };
        let mut rollup = ReadingsRollup::default();
        rollup.add(InstallationHash(2), &report(0.1, 4.0));
        rollup.add(InstallationHash(1), &report(0.2, 1.0));
        rollup.add(InstallationHash(2), &report(0.1, 1.0));
        let times = rollup.finish();
        let names: Vec<_> = times.fields.iter().map(|field| (field.kind, field.name.as_str())).collect();
        assert_eq!(names, [(FieldKind::Stage, "load"), (FieldKind::Query, "up")]);
        assert_eq!(times.rows[0].0, InstallationHash(1));
        let (_, of_second) = &times.rows[1];
        assert_eq!(of_second[1].0, 1);
        assert!((f64::from(of_second[1].1).exp() - 2.0).abs() < 0.1, "{of_second:?}");
    }
}
