//! Defines the typed form of a report: what the numbers of a fleet are computed from.
//!
//! It has every field of the document, except the UUIDs of the installation and of browsers, and the bytes of
//! profiles. Times are in [`LogBucket`]s. Its encoding is compact, and decoding copies no names.

mod known_names;
mod stored_form;

use headcount_shared::{
    breakpoint::Breakpoint,
    payload::{AlertingIntegration, DatabaseType, IntegrationSection, Payload, PerformanceSection},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::stored_form::StoredForm;
use crate::{
    compression::compress,
    log_bucket::{LogBucket, LogHistogram},
};

/// The version of the encoding.
const VERSION: u8 = 1;

/// The compression level: a report is compressed on arrival.
const ZSTD_LEVEL: i32 = 3;

/// The largest typed report, in bytes. One at all bounds of a report has 600 kB.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The kind of settings database of an installation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DatabaseKind {
    /// No report has it.
    #[default]
    Unknown,
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl DatabaseKind {
    /// All kinds, in the order of their positions.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::Sqlite, Self::Postgres];

    /// The word for the kind, as in a report; `unknown` for none.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// The kind with this label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// The position among all kinds.
    #[must_use]
    pub const fn position(self) -> u8 {
        self as u8
    }
}

/// The yes-or-no fields of `integration`, and the two facts that `kube_state_metrics` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum IntegrationFlag {
    /// `prometheus`.
    Prometheus,
    /// `node_agent`.
    NodeAgent,
    /// `kube_state_metrics` is not `null`: a Kubernetes container was seen.
    Kubernetes,
    /// `kube_state_metrics`.
    KubeStateMetrics,
    /// `cloud_costs`.
    CloudCosts,
    /// `clickhouse`.
    Clickhouse,
    /// `tracing`.
    Tracing,
    /// `logs`.
    Logs,
    /// `profiles`.
    Profiles,
    /// `application_categories` is not 0.
    ApplicationCategories,
}

impl IntegrationFlag {
    /// All flags.
    pub const ALL: [Self; 10] = [
        Self::Prometheus,
        Self::NodeAgent,
        Self::Kubernetes,
        Self::KubeStateMetrics,
        Self::CloudCosts,
        Self::Clickhouse,
        Self::Tracing,
        Self::Logs,
        Self::Profiles,
        Self::ApplicationCategories,
    ];

    /// The name of the field; `kubernetes` for [`Self::Kubernetes`].
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::NodeAgent => "node_agent",
            Self::Kubernetes => "kubernetes",
            Self::KubeStateMetrics => "kube_state_metrics",
            Self::CloudCosts => "cloud_costs",
            Self::Clickhouse => "clickhouse",
            Self::Tracing => "tracing",
            Self::Logs => "logs",
            Self::Profiles => "profiles",
            Self::ApplicationCategories => "application_categories",
        }
    }
}

/// A set of [`IntegrationFlag`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntegrationFlags(u16);

impl IntegrationFlags {
    pub(crate) fn set(&mut self, flag: IntegrationFlag, is_on: bool) {
        if is_on {
            self.0 |= 1 << flag as u16;
        }
    }

    /// Whether the flag is on.
    #[must_use]
    pub const fn has(self, flag: IntegrationFlag) -> bool {
        self.0 & (1 << flag as u16) != 0
    }

    /// The flags that are on in any of the two sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags that are on.
    pub fn flags(self) -> impl Iterator<Item = IntegrationFlag> {
        IntegrationFlag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }

    /// The flags that are on in the section of a report.
    #[must_use]
    pub fn in_section(integration: &IntegrationSection) -> Self {
        let mut flags = Self::default();
        flags.set(IntegrationFlag::Prometheus, integration.prometheus);
        flags.set(IntegrationFlag::NodeAgent, integration.node_agent);
        flags.set(IntegrationFlag::Kubernetes, integration.kube_state_metrics.is_some());
        flags.set(IntegrationFlag::KubeStateMetrics, integration.kube_state_metrics == Some(true));
        flags.set(IntegrationFlag::CloudCosts, integration.cloud_costs);
        flags.set(IntegrationFlag::Clickhouse, integration.clickhouse);
        flags.set(IntegrationFlag::Tracing, integration.tracing);
        flags.set(IntegrationFlag::Logs, integration.logs);
        flags.set(IntegrationFlag::Profiles, integration.profiles);
        flags.set(IntegrationFlag::ApplicationCategories, integration.application_categories > 0);
        flags
    }
}

/// The sizes of an installation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationSizes {
    /// `infra.projects`.
    pub projects: u64,
    /// `infra.applications`.
    pub applications: u64,
    /// `infra.nodes`.
    pub nodes: u64,
    /// `infra.instances`.
    pub instances: u64,
    /// `integration.application_categories`.
    pub application_categories: u64,
}

impl InstallationSizes {
    /// The names and values of all sizes.
    #[must_use]
    pub const fn named(self) -> [(&'static str, u64); 5] {
        [
            ("projects", self.projects),
            ("applications", self.applications),
            ("nodes", self.nodes),
            ("instances", self.instances),
            ("application_categories", self.application_categories),
        ]
    }

    /// The larger one of each size.
    #[must_use]
    pub fn largest(self, other: Self) -> Self {
        Self {
            projects: self.projects.max(other.projects),
            applications: self.applications.max(other.applications),
            nodes: self.nodes.max(other.nodes),
            instances: self.instances.max(other.instances),
            application_categories: self.application_categories.max(other.application_categories),
        }
    }
}

/// Samples of the process, such as its memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleSummary {
    /// The number of samples.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// How many are in each bucket.
    pub buckets: Vec<(LogBucket, u64)>,
}

impl SampleSummary {
    fn of_samples(samples: impl Iterator<Item = f64>) -> Self {
        let (mut histogram, mut sum) = (LogHistogram::default(), 0.0);
        for sample in samples.filter(|sample| sample.is_finite()) {
            histogram.add(LogBucket::containing(sample), 1);
            sum += sample.max(0.0);
        }
        Self { count: histogram.total(), sum, buckets: histogram.buckets().collect() }
    }
}

/// What one query to Prometheus cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueryReading<'a> {
    /// The name of the query.
    pub name: &'a str,
    /// Its latency, in seconds.
    pub time: LogBucket,
    /// The number of series that it returned.
    pub series: u64,
    /// Whether it failed.
    pub has_failed: bool,
}

/// A value of a fact that a product declares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum FactValue<'a> {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// One of the declared words.
    Word(#[serde(borrow)] &'a str),
}

/// A stack of a profile: the number of its frames' names in the store, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackValue {
    /// Identifies the names of its functions.
    pub stack: u64,
    /// Nanoseconds of CPU time, or bytes of memory.
    pub value: u64,
}

/// A report without the UUIDs in it, and without its profiles' names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TypedReport<'a> {
    /// `instance.version`; empty if it is missing.
    pub version: &'a str,
    /// `instance.database_type`.
    pub database: DatabaseKind,
    /// The yes-or-no fields of `integration`.
    pub flags: IntegrationFlags,
    /// The kinds of `integration.alerting_integrations`, each once: bit `n` for the `n`th of [`AlertingIntegration::ALL`].
    pub alerting: u8,
    /// `integration.inspection_overrides`: name, projects, applications.
    pub overrides: Vec<(&'a str, u64, u64)>,
    /// `stack.clouds`.
    pub clouds: Vec<&'a str>,
    /// `stack.services`.
    pub services: Vec<&'a str>,
    /// `stack.instrumented_service`.
    pub instrumented_services: Vec<&'a str>,
    /// The sizes in `infra` and `integration`.
    pub sizes: InstallationSizes,
    /// `infra.deployments`.
    pub deployments: u64,
    /// `infra.deployment_summaries`.
    pub deployment_summaries: Vec<(&'a str, u64)>,
    /// `ux.users_by_screen_size`, by the order of the sizes.
    pub screen_sizes: [u64; 6],
    /// The number of `ux.users`.
    pub browsers: u64,
    /// `ux.page_views`.
    pub page_views: Vec<(&'a str, u64)>,
    /// `ux.sent_notifications`, by the order of [`AlertingIntegration::ALL`].
    pub notifications: [u64; 5],
    /// `ux.world_load_time_avg`, in seconds; zero if it is missing.
    pub world_load_time: LogBucket,
    /// `ux.audit_time_avg`, in seconds; zero if it is missing.
    pub audit_time: LogBucket,
    /// `performance.cpu_usage`, in cores.
    pub cpu: SampleSummary,
    /// `performance.memory_usage`, in bytes.
    pub memory: SampleSummary,
    /// `performance.constructor.stages`, in seconds.
    pub stages: Vec<(&'a str, LogBucket)>,
    /// `performance.constructor.queries`.
    pub queries: Vec<QueryReading<'a>>,
    /// `facts`.
    pub facts: Vec<(&'a str, FactValue<'a>)>,
    /// The stacks of `profile.cpu`.
    pub cpu_stacks: Vec<StackValue>,
    /// The stacks of `profile.memory`.
    pub memory_stacks: Vec<StackValue>,
}

/// Why bytes are no typed report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TypedReportError {
    /// It was written by a later version of this program.
    #[error("the typed report has version {0}, which this program does not know")]
    UnknownVersion(u8),
    /// Its bytes changed since it was written.
    #[error("the typed report is damaged")]
    Damaged,
    /// It cannot be encoded.
    #[error("the typed report cannot be encoded")]
    Unencodable,
}

impl Default for LogBucket {
    fn default() -> Self {
        Self::ZERO
    }
}

impl<'a> TypedReport<'a> {
    /// The typed form of a report. `names_database` tells whether the report has a kind of database. Profiles are added
    /// by the caller.
    #[must_use]
    pub fn from_payload(payload: &'a Payload, names_database: bool) -> Self {
        let Payload { instance, integration, stack, infra, ux, performance, profile: _ } = payload;
        Self {
            version: &instance.version,
            database: match instance.database_type {
                _ if !names_database => DatabaseKind::Unknown,
                DatabaseType::Sqlite => DatabaseKind::Sqlite,
                DatabaseType::Postgres => DatabaseKind::Postgres,
            },
            flags: IntegrationFlags::in_section(integration),
            alerting: alerting_bits(&integration.alerting_integrations),
            overrides: integration
                .inspection_overrides
                .iter()
                .map(|(name, overrides)| {
                    (name.as_str(), overrides.project_level, overrides.application_level)
                })
                .collect(),
            clouds: distinct_names(&stack.clouds),
            services: distinct_names(&stack.services),
            instrumented_services: distinct_names(&stack.instrumented_service),
            sizes: InstallationSizes {
                projects: infra.projects,
                applications: infra.applications,
                nodes: infra.nodes,
                instances: infra.instances,
                application_categories: integration.application_categories,
            },
            deployments: infra.deployments,
            deployment_summaries: named(&infra.deployment_summaries),
            screen_sizes: SCREEN_SIZES
                .map(|size| ux.users_by_screen_size.get(&size).copied().unwrap_or_default()),
            browsers: ux.users.len() as u64,
            page_views: named(&ux.page_views),
            notifications: AlertingIntegration::ALL
                .map(|kind| ux.sent_notifications.get(&kind).copied().unwrap_or_default()),
            world_load_time: LogBucket::containing(ux.world_load_time_avg),
            audit_time: LogBucket::containing(ux.audit_time_avg),
            ..Self::performance(performance)
        }
    }

    fn performance(performance: &'a PerformanceSection) -> Self {
        let PerformanceSection { constructor, cpu_usage, memory_usage } = performance;
        let queries = constructor.queries.iter().map(|(name, query)| QueryReading {
            name,
            time: LogBucket::containing(query.query_time),
            series: query.metrics_count,
            has_failed: query.failed,
        });
        let stages =
            constructor.stages.iter().map(|(name, time)| (name.as_str(), LogBucket::containing(*time)));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a sample is far below 2^52 bytes, and only its bucket is stored"
        )]
        let memory = memory_usage.iter().map(|bytes| *bytes as f64);
        Self {
            cpu: SampleSummary::of_samples(cpu_usage.iter().copied()),
            memory: SampleSummary::of_samples(memory),
            stages: stages.collect(),
            queries: queries.collect(),
            ..Self::default()
        }
    }

    /// The compact form.
    ///
    /// # Errors
    /// [`TypedReportError::Unencodable`], which does not happen for a report within its bounds.
    pub fn encode(&self) -> Result<Vec<u8>, TypedReportError> {
        let plain =
            postcard::to_allocvec(&StoredForm::from(self)).map_err(|_| TypedReportError::Unencodable)?;
        let mut bytes = vec![VERSION];
        bytes.extend(compress(&plain, ZSTD_LEVEL).map_err(|_| TypedReportError::Unencodable)?);
        Ok(bytes)
    }
}

/// The sizes of screens, in the order of [`TypedReport::screen_sizes`].
pub const SCREEN_SIZES: [Breakpoint; 6] =
    [Breakpoint::Xs, Breakpoint::Sm, Breakpoint::Md, Breakpoint::Lg, Breakpoint::Xl, Breakpoint::Xxl];

fn alerting_bits(kinds: &[AlertingIntegration]) -> u8 {
    let bit = |(place, kind): (usize, AlertingIntegration)| u8::from(kinds.contains(&kind)) << place;
    AlertingIntegration::ALL.into_iter().enumerate().map(bit).sum()
}

fn named(map: &std::collections::BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    map.iter().map(|(name, count)| (name.as_str(), *count)).collect()
}

/// The names of a list, sorted, each once.
fn distinct_names(names: &[String]) -> Vec<&str> {
    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Decodes typed reports, one after the other, in the same memory.
pub struct TypedReportDecoder {
    decompressor: zstd::bulk::Decompressor<'static>,
    plain: Vec<u8>,
}

impl std::fmt::Debug for TypedReportDecoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TypedReportDecoder").finish_non_exhaustive()
    }
}

impl TypedReportDecoder {
    /// A decoder.
    ///
    /// # Errors
    /// [`TypedReportError::Damaged`] when there is no memory for it.
    pub fn new() -> Result<Self, TypedReportError> {
        let decompressor = zstd::bulk::Decompressor::new().map_err(|_| TypedReportError::Damaged)?;
        Ok(Self { decompressor, plain: Vec::new() })
    }

    /// Decodes the result of [`TypedReport::encode`].
    ///
    /// # Errors
    /// [`TypedReportError::UnknownVersion`] and [`TypedReportError::Damaged`].
    pub fn decode(&mut self, bytes: &[u8]) -> Result<TypedReport<'_>, TypedReportError> {
        let (version, compressed) = bytes.split_first().ok_or(TypedReportError::Damaged)?;
        if *version != VERSION {
            return Err(TypedReportError::UnknownVersion(*version));
        }
        let size = zstd::zstd_safe::get_frame_content_size(compressed).ok().flatten();
        let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= MOST_BYTES);
        let size = size.ok_or(TypedReportError::Damaged)?;
        self.plain.clear();
        self.plain.reserve(size);
        let Self { decompressor, plain } = self;
        decompressor.decompress_to_buffer(compressed, plain).map_err(|_| TypedReportError::Damaged)?;
        let (stored, rest) =
            postcard::take_from_bytes::<StoredForm<'_>>(plain).map_err(|_| TypedReportError::Damaged)?;
        let report = stored.into_report().filter(|_| rest.is_empty());
        report.ok_or(TypedReportError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn documented() -> Payload {
        serde_json::from_str(include_str!("../../../../shared/tests/payload.json")).unwrap()
    }

    #[test]
    fn the_documented_report_keeps_every_field_but_uuids_and_profiles() {
        let payload = documented();
        let report = TypedReport::from_payload(&payload, true);
        assert_eq!((report.version, report.database), ("0.20.0", DatabaseKind::Sqlite));
        let flags: Vec<_> = report.flags.flags().map(IntegrationFlag::label).collect();
        let all: Vec<_> = IntegrationFlag::ALL.map(IntegrationFlag::label).to_vec();
        assert_eq!(flags, all);
        assert_eq!(report.alerting, 1 << 2);
        assert_eq!(report.overrides, [("CPUNode", 1, 2), ("NetworkRTT", 0, 1)]);
        assert_eq!(report.clouds, ["aws", "hetzner", "ovh"]);
        assert_eq!(report.services, ["pgbouncer", "postgres", "redis"]);
        assert_eq!(report.instrumented_services, ["postgres", "redis"]);
        let sizes = InstallationSizes {
            projects: 2,
            applications: 18,
            nodes: 10,
            instances: 50,
            application_categories: 3,
        };
        assert_eq!(report.sizes, sizes);
        assert_eq!((report.deployments, report.deployment_summaries.len()), (1, 3));
        assert_eq!(report.screen_sizes, [1, 0, 0, 7, 5, 0]);
        assert_eq!(report.browsers, 1);
        assert_eq!(report.page_views, [("/p/$projectId", 1), ("/p/$projectId/app/$id/SLO", 3)]);
        assert_eq!(report.notifications, [0, 0, 4, 0, 0]);
        assert_eq!(report.world_load_time, LogBucket::containing(0.053));
        assert_eq!(report.audit_time, LogBucket::containing(0.011));
        assert_eq!(report.cpu.count, 2);
        assert!((report.memory.sum - 54_173_696.0).abs() < 1e-9);
        assert_eq!((report.stages.len(), report.queries.len()), (7, 2));
        let node_info = report.queries.iter().find(|query| query.name == "node_info").unwrap();
        assert_eq!(
            *node_info,
            QueryReading {
                name: "node_info",
                time: LogBucket::containing(0.012_892_758),
                series: 4,
                has_failed: false
            }
        );
    }

    #[test]
    fn a_report_that_names_no_database_has_none() {
        let payload = documented();
        assert_eq!(TypedReport::from_payload(&payload, false).database, DatabaseKind::Unknown);
    }

    #[test]
    fn a_typed_report_is_decoded_as_it_was_encoded() {
        let payload = documented();
        let mut report = TypedReport::from_payload(&payload, true);
        report.cpu_stacks = vec![StackValue { stack: u64::MAX, value: 7 }];
        report.facts = vec![
            ("edition", FactValue::Word("community")),
            ("seats", FactValue::Number(3.0)),
            ("trial", FactValue::Flag(true)),
        ];
        let bytes = report.encode().unwrap();
        let mut decoder = TypedReportDecoder::new().unwrap();
        for _ in 0..2 {
            assert_eq!(decoder.decode(&bytes), Ok(report.clone()));
        }
    }

    #[test]
    fn unknown_versions_and_damage_are_refused() {
        let payload = documented();
        let mut bytes = TypedReport::from_payload(&payload, true).encode().unwrap();
        let mut decoder = TypedReportDecoder::new().unwrap();
        assert_eq!(decoder.decode(&[]), Err(TypedReportError::Damaged));
        assert_eq!(decoder.decode(&bytes[..bytes.len() - 1]), Err(TypedReportError::Damaged));
        bytes[0] = VERSION + 1;
        assert_eq!(decoder.decode(&bytes), Err(TypedReportError::UnknownVersion(VERSION + 1)));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_decoder(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..1000, bit in 0_u8..8) {
            let mut decoder = TypedReportDecoder::new().unwrap();
            decoder.decode(&bytes).ok();
            let payload = documented();
            let mut bytes = TypedReport::from_payload(&payload, true).encode().unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            decoder.decode(&bytes).ok();
        }
    }
}
