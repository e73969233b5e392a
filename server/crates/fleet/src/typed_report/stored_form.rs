//! The stored form of a typed report: a list per field, with numbers in place of names.

use serde::{Deserialize, Serialize};

use super::{
    DatabaseKind, FactValue, InstallationSizes, IntegrationFlags, QueryReading, SampleSummary, StackValue,
    TypedReport,
    known_names::{NameReader, NameWriter},
};
use crate::log_bucket::LogBucket;

/// The fields of a [`TypedReport`]. The names of all lists follow each other in the order of the fields.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredForm<'a> {
    version: &'a str,
    database: DatabaseKind,
    flags: IntegrationFlags,
    alerting: u8,
    sizes: InstallationSizes,
    deployments: u64,
    screen_sizes: [u64; 6],
    browsers: u64,
    notifications: [u64; 5],
    world_load_time: LogBucket,
    audit_time: LogBucket,
    cpu: SampleSummary,
    memory: SampleSummary,
    names: Vec<i32>,
    #[serde(borrow)]
    texts: Vec<&'a str>,
    clouds: u32,
    services: u32,
    instrumented_services: u32,
    overrides: Vec<(u64, u64)>,
    deployment_summaries: Vec<u64>,
    page_views: Vec<u64>,
    stage_times: Vec<LogBucket>,
    query_times: Vec<LogBucket>,
    query_series: Vec<u64>,
    /// The positions of the queries that failed.
    failed_queries: Vec<u32>,
    facts: Vec<FactValue<'a>>,
    cpu_stacks: Vec<StackValue>,
    memory_stacks: Vec<StackValue>,
}

impl<'a> From<&TypedReport<'a>> for StoredForm<'a> {
    fn from(report: &TypedReport<'a>) -> Self {
        let mut names = NameWriter::default();
        let mut list = |of_list: &[&'a str]| {
            of_list.iter().for_each(|name| names.add(name));
            u32::try_from(of_list.len()).unwrap_or(u32::MAX)
        };
        let (clouds, services, instrumented_services) =
            (list(&report.clouds), list(&report.services), list(&report.instrumented_services));
        report.overrides.iter().for_each(|(name, ..)| names.add(name));
        report.deployment_summaries.iter().for_each(|(name, _)| names.add(name));
        report.page_views.iter().for_each(|(name, _)| names.add(name));
        report.stages.iter().for_each(|(name, _)| names.add(name));
        report.queries.iter().for_each(|query| names.add(query.name));
        report.facts.iter().for_each(|(name, _)| names.add(name));
        let failed =
            (0..).zip(&report.queries).filter(|(_, query)| query.has_failed).map(|(position, _)| position);
        Self {
            version: report.version,
            database: report.database,
            flags: report.flags,
            alerting: report.alerting,
            sizes: report.sizes,
            deployments: report.deployments,
            screen_sizes: report.screen_sizes,
            browsers: report.browsers,
            notifications: report.notifications,
            world_load_time: report.world_load_time,
            audit_time: report.audit_time,
            cpu: report.cpu.clone(),
            memory: report.memory.clone(),
            names: names.codes,
            texts: names.texts,
            clouds,
            services,
            instrumented_services,
            overrides: report
                .overrides
                .iter()
                .map(|(_, projects, applications)| (*projects, *applications))
                .collect(),
            deployment_summaries: report.deployment_summaries.iter().map(|(_, count)| *count).collect(),
            page_views: report.page_views.iter().map(|(_, views)| *views).collect(),
            stage_times: report.stages.iter().map(|(_, time)| *time).collect(),
            query_times: report.queries.iter().map(|query| query.time).collect(),
            query_series: report.queries.iter().map(|query| query.series).collect(),
            failed_queries: failed.collect(),
            facts: report.facts.iter().map(|(_, value)| *value).collect(),
            cpu_stacks: report.cpu_stacks.clone(),
            memory_stacks: report.memory_stacks.clone(),
        }
    }
}

impl<'a> StoredForm<'a> {
    /// The report; `None` if the lists do not fit to each other.
    pub(super) fn into_report(self) -> Option<TypedReport<'a>> {
        let mut names = NameReader::new(self.names, self.texts);
        let mut list = |count: u32| (0..count).map(|_| names.next_name()).collect::<Option<Vec<_>>>();
        let (clouds, services, instrumented_services) =
            (list(self.clouds)?, list(self.services)?, list(self.instrumented_services)?);
        let report = TypedReport {
            version: self.version,
            database: self.database,
            flags: self.flags,
            alerting: self.alerting,
            sizes: self.sizes,
            deployments: self.deployments,
            screen_sizes: self.screen_sizes,
            browsers: self.browsers,
            notifications: self.notifications,
            world_load_time: self.world_load_time,
            audit_time: self.audit_time,
            cpu: self.cpu,
            memory: self.memory,
            clouds,
            services,
            instrumented_services,
            overrides: self
                .overrides
                .into_iter()
                .map(|(projects, applications)| Some((names.next_name()?, projects, applications)))
                .collect::<Option<_>>()?,
            deployment_summaries: with_names(&mut names, self.deployment_summaries)?,
            page_views: with_names(&mut names, self.page_views)?,
            stages: with_names(&mut names, self.stage_times)?,
            queries: queries(&mut names, self.query_times, self.query_series, &self.failed_queries)?,
            facts: with_names(&mut names, self.facts)?,
            cpu_stacks: self.cpu_stacks,
            memory_stacks: self.memory_stacks,
        };
        names.is_at_end().then_some(report)
    }
}

/// The values of a list, each with the next name.
fn with_names<'a, T>(names: &mut NameReader<'a>, values: Vec<T>) -> Option<Vec<(&'a str, T)>> {
    values.into_iter().map(|value| Some((names.next_name()?, value))).collect()
}

fn queries<'a>(
    names: &mut NameReader<'a>,
    times: Vec<LogBucket>,
    series: Vec<u64>,
    failed: &[u32],
) -> Option<Vec<QueryReading<'a>>> {
    if times.len() != series.len() {
        return None;
    }
    let mut queries = Vec::with_capacity(times.len());
    for (time, series) in times.into_iter().zip(series) {
        queries.push(QueryReading { name: names.next_name()?, time, series, has_failed: false });
    }
    for position in failed {
        queries.get_mut(*position as usize)?.has_failed = true;
    }
    Some(queries)
}
