//! Makes up what the program costs: stages, queries, CPU and memory, by version and size.

use std::collections::BTreeMap;

use headcount_shared::payload::{ConstructorPerformance, PerformanceSection, QueryPerformance};

use crate::{
    day_schedule::ScheduledReport,
    installation_traits::InstallationTraits,
    known_names::{query_names, stage_names},
    release_history::ReleaseNumber,
    report_state::SimulatedReportState,
    seeded_chance::{ChancePurpose, SeededChance},
};

/// The most samples of the process in a report.
const MOST_SAMPLES: u32 = 60;

/// Memory is reported in steps of so many bytes.
const MEMORY_STEP: f64 = 65_536.0;

/// What the number of series of a query grows with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum SeriesSource {
    Nodes,
    Instances,
    Applications,
    /// Instances of a service, at its position in the list of services, if it runs.
    Service(usize),
    /// What only installations in a cloud have.
    Cloud,
}

/// A query or a stage, in all installations.
#[derive(Debug, Clone)]
struct KnownTiming {
    name: String,
    /// The time in a small installation with the first release, in seconds.
    seconds: f64,
    source: SeriesSource,
    series: f64,
    /// How much slower it is by release.
    factors: Vec<f64>,
}

/// All queries and stages.
#[derive(Debug, Clone)]
pub(crate) struct TimingCatalogue {
    queries: Vec<KnownTiming>,
    stages: Vec<KnownTiming>,
}

/// The prefixes of queries, and what their series grow with. The first match counts.
const SOURCES: [(&str, SeriesSource); 16] = [
    ("aws_", SeriesSource::Cloud),
    ("container_postgres", SeriesSource::Service(0)),
    ("pg_", SeriesSource::Service(0)),
    ("container_redis", SeriesSource::Service(2)),
    ("redis_", SeriesSource::Service(2)),
    ("container_mysql", SeriesSource::Service(9)),
    ("mysql_", SeriesSource::Service(9)),
    ("container_kafka", SeriesSource::Service(10)),
    ("container_mongo", SeriesSource::Service(11)),
    ("mongo_", SeriesSource::Service(11)),
    ("container_rabbitmq", SeriesSource::Service(12)),
    ("container_memcached", SeriesSource::Service(19)),
    ("memcached_", SeriesSource::Service(19)),
    ("node_", SeriesSource::Nodes),
    ("kube_service", SeriesSource::Applications),
    ("", SeriesSource::Instances),
];

impl TimingCatalogue {
    /// The catalogue for so many releases.
    pub(crate) fn new(releases: usize) -> Self {
        let known =
            |(name, number): (&'static str, u64), median: f64, factor: fn(ReleaseNumber, &str) -> f64| {
                // What a query costs is the same for every seed.
                let mut chance = SeededChance::new(0, ChancePurpose::Query, &[number]);
                let source = SOURCES.iter().find(|(prefix, _)| name.starts_with(prefix));
                KnownTiming {
                    name: name.to_owned(),
                    seconds: chance.log_normal(median, 0.7),
                    source: source.map_or(SeriesSource::Instances, |(_, source)| *source),
                    series: chance.log_normal(1.0, 0.5),
                    factors: (0..releases).map(|release| factor(ReleaseNumber(release), name)).collect(),
                }
            };
        let queries = query_names().zip(0..);
        let stages = stage_names().zip(1000..);
        Self {
            queries: queries.map(|query| known(query, 0.012, ReleaseNumber::query_factor)).collect(),
            stages: stages.map(|stage| known(stage, 0.0002, ReleaseNumber::stage_factor)).collect(),
        }
    }

    /// The section of a report.
    pub(crate) fn section(
        &self,
        seed: u64,
        installation: &InstallationTraits,
        report: &ScheduledReport,
        state: &SimulatedReportState,
    ) -> MeasuredTimes {
        let numbers = report.numbers(installation.number);
        let mut chance = SeededChance::new(seed, ChancePurpose::Times, &numbers);
        let [_, _, nodes, instances, _] = state.sizes.map(|size| size as f64);
        let samples = (report.seconds / 60).clamp(1, MOST_SAMPLES);
        let cores = (0.01 + 0.0015 * instances.sqrt() * nodes.sqrt()) * installation.slowness;
        let cpu_usage =
            (0..samples).map(|_| three_digits(chance.log_normal(cores, 0.35))).collect::<Vec<_>>();
        let bytes = 4e7 + 6e5 * instances + 2e6 * nodes;
        let memory_usage = (0..samples)
            .map(|_| (chance.log_normal(bytes, 0.06) / MEMORY_STEP).round() as u64 * MEMORY_STEP as u64)
            .collect();
        let mut times = MeasuredTimes {
            section: PerformanceSection {
                constructor: ConstructorPerformance::default(),
                cpu_usage,
                memory_usage,
            },
            world_load: 0.0,
            audit: 0.0,
        };
        if state.flags[0] {
            times.section.constructor.queries = self.queries(installation, state, &mut chance);
        }
        if state.is_observing {
            let (stages, sum) = self.stages(installation, state, &mut chance);
            times.section.constructor.stages = stages;
            times.world_load = three_digits(sum * 0.8 * chance.log_normal(1.0, 0.2));
            times.audit = three_digits(chance.log_normal(1e-5, 0.4) * (1.0 + instances));
        }
        times
    }

    fn queries(
        &self,
        installation: &InstallationTraits,
        state: &SimulatedReportState,
        chance: &mut SeededChance,
    ) -> BTreeMap<String, QueryPerformance> {
        let [_, applications, nodes, instances, _] = state.sizes.map(|size| size as f64);
        let slowness = installation.slowness * (1.0 + instances / 400.0).sqrt();
        let query = |known: &KnownTiming| {
            let unit = match known.source {
                SeriesSource::Nodes => nodes,
                SeriesSource::Instances => instances,
                SeriesSource::Applications => applications,
                SeriesSource::Service(service) => {
                    if state.services & (1 << service) == 0 {
                        0.0
                    } else {
                        2.0 + instances / 20.0
                    }
                }
                SeriesSource::Cloud => {
                    if state.clouds == 0 {
                        0.0
                    } else {
                        1.0
                    }
                }
            };
            let factor = known.factors.get(state.release.0).copied().unwrap_or(1.0);
            let time = known.seconds * slowness * factor * (0.35 * chance.normal()).exp();
            let failed = state.is_outage || chance.happens(0.0005);
            let metrics_count = if failed { 0 } else { two_digits((unit * known.series).round() as u64) };
            (known.name.clone(), QueryPerformance { failed, query_time: three_digits(time), metrics_count })
        };
        self.queries.iter().map(query).collect()
    }

    /// The stages, and the sum of their times.
    fn stages(
        &self,
        installation: &InstallationTraits,
        state: &SimulatedReportState,
        chance: &mut SeededChance,
    ) -> (BTreeMap<String, f64>, f64) {
        let instances = state.sizes[3] as f64;
        let slowness = installation.slowness * (1.0 + instances / 50.0);
        let mut sum = 0.0;
        let stage = |known: &KnownTiming| {
            let factor = known.factors.get(state.release.0).copied().unwrap_or(1.0);
            let time = three_digits(known.seconds * slowness * factor * (0.3 * chance.normal()).exp());
            sum += time;
            (known.name.clone(), time)
        };
        let stages = self.stages.iter().map(stage).collect();
        (stages, sum)
    }
}

/// What a report tells about times, in two sections of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MeasuredTimes {
    pub(crate) section: PerformanceSection,
    pub(crate) world_load: f64,
    pub(crate) audit: f64,
}

/// The powers of ten that a number of floating point has exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The value with three significant digits, as a report has it; 0 for what is not above 0. The result is the number
/// nearest to its decimal text, so that it survives the text.
fn three_digits(value: f64) -> f64 {
    if value.is_nan() || value <= 0.0 {
        return 0.0;
    }
    let exponent = value.log10().floor() as i32 - 2;
    let power = POWERS.get(exponent.unsigned_abs() as usize).copied().unwrap_or(1e22);
    if exponent < 0 { (value * power).round() / power } else { (value / power).round() * power }
}

/// The number exactly up to 99, then with two significant digits.
const fn two_digits(value: u64) -> u64 {
    let mut power = 1;
    while value / power >= 100 {
        power *= 10;
    }
    (value + power / 2) / power * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_in_a_report() {
        for (value, rounded) in [
            (0.0, "0.0"),
            (-1.0, "0.0"),
            (f64::NAN, "0.0"),
            (0.012_892_758, "0.0129"),
            (0.999_9, "1.0"),
            (1.54e-6, "1.54e-6"),
            (1234.0, "1230.0"),
            (1e-19, "1e-19"),
        ] {
            assert_eq!(serde_json::to_string(&three_digits(value)).unwrap(), rounded, "{value}");
        }
        for (value, rounded) in
            [(0, 0), (7, 7), (99, 99), (104, 100), (105, 110), (1949, 1900), (9950, 10_000)]
        {
            assert_eq!(two_digits(value), rounded, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_rounded_time_survives_its_text(value in 1e-9_f64..1e6) {
            let rounded = three_digits(value);
            prop_assert!((rounded / value - 1.0).abs() < 0.0051, "{rounded} for {value}");
            let text = serde_json::to_string(&rounded).unwrap();
            prop_assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), rounded.to_bits());
        }
    }
}
