//! The report on DNS: latency, server errors and missing names.

mod histogram_quantile;

use headcount_prometheus::{
    query::Label,
    results::{ColumnIndex, InternedString, ResultRow, ResultTable},
};
use headcount_topology::{
    model::{ArenaIndex as _, World},
    queries::{CONTAINER_DNS_REQUESTS_LATENCY, CONTAINER_DNS_REQUESTS_TOTAL},
};

use self::histogram_quantile::{BucketBounds, quantile};
use super::{AuditCheck, AuditReport, CheckMessage, audited_application::AuditedApplication};
use crate::inspections::Inspection;

/// The DNS requests of all applications.
pub(super) struct DnsIndex {
    /// The number of requests in the last hour, by row of `container_dns_requests_total`.
    requests: Vec<f64>,
    columns: DnsColumns,
    bounds: BucketBounds,
    ok: Option<InternedString>,
    nxdomain: Option<InternedString>,
}

impl DnsIndex {
    pub(super) fn of(world: &World<'_>) -> Self {
        Self {
            columns: DnsColumns::new(),
            requests: counts(world.answers.table(&CONTAINER_DNS_REQUESTS_TOTAL)),
            bounds: BucketBounds::of(world, &CONTAINER_DNS_REQUESTS_LATENCY),
            ok: world.texts.find("ok"),
            nxdomain: world.texts.find("nxdomain"),
        }
    }
}

/// The columns of the labels of `container_dns_requests_total`.
struct DnsColumns {
    domain: ColumnIndex,
    request_type: ColumnIndex,
    status: ColumnIndex,
}

impl DnsColumns {
    fn new() -> Self {
        let labels = [Label::Domain, Label::RequestType, Label::Status];
        let [domain, request_type, status] = CONTAINER_DNS_REQUESTS_TOTAL.columns(labels);
        Self { domain, request_type, status }
    }
}

/// The number of requests of each row. The values of the table are requests per second.
fn counts(table: &ResultTable) -> Vec<f64> {
    table.sums.iter().map(|sum| sum * f64::from(table.points.step)).collect()
}

/// The requests for a domain and a record type in one row.
struct DnsQuestion {
    domain: InternedString,
    request_type: InternedString,
    count: f64,
    /// Those whose name does not exist.
    without_name: f64,
}

/// The requests of an application.
#[derive(Default)]
struct DnsRequestCounts {
    count: f64,
    /// Those that failed on the server.
    failed: f64,
    /// Those whose name does not exist.
    without_name: f64,
}

/// The report on DNS; `None` without requests.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let requests = DnsRequestCounts::of(subject);
    if requests.count <= 0.0 {
        return None;
    }
    let failed = requests.failed;
    // Usually there are none, and grouping the requests is skipped.
    let has_nameless = requests.without_name != 0.0;
    let without_name = if has_nameless { without_name(asked(subject)) } else { 0.0 };
    Some(AuditReport::new(
        "DNS",
        vec![
            latency(subject),
            subject.events(Inspection::DnsServerErrors, failed, "servers failed to answer DNS requests"),
            subject.events(
                Inspection::DnsNxdomainErrors,
                without_name,
                "DNS requests for names that do not exist",
            ),
        ],
    ))
}

fn latency(subject: &AuditedApplication<'_, '_>) -> AuditCheck {
    let bounds = &subject.ground.dns.bounds;
    let rows = subject.containers().flat_map(|(id, ..)| subject.world.dns_latencies.of(id).copied());
    let buckets = bounds.buckets(subject.ground.tables.dns_latency, rows);
    let seconds = quantile(&buckets, 0.95).unwrap_or(f64::NAN);
    subject.above(Inspection::DnsLatency, seconds, CheckMessage::SlowDns { seconds })
}

impl DnsRequestCounts {
    fn of(subject: &AuditedApplication<'_, '_>) -> Self {
        let dns = &subject.ground.dns;
        let mut requests = Self::default();
        for (row, count) in counted(subject) {
            let status = Some(row.label(dns.columns.status));
            requests.count += count;
            if status == dns.nxdomain {
                requests.without_name += count;
            } else if status != dns.ok {
                requests.failed += count;
            }
        }
        requests
    }
}

/// The rows of an application's requests, and the number of requests of each.
fn counted<'s>(subject: &'s AuditedApplication<'_, '_>) -> impl Iterator<Item = (ResultRow<'s>, f64)> {
    let (world, dns) = (subject.world, &subject.ground.dns);
    let table = subject.ground.tables.dns_requests;
    let rows = subject.containers().flat_map(|(id, ..)| world.dns_requests.of(id));
    let rows = rows.filter_map(|row| table.row(row.place()));
    rows.map(|row| (row, dns.requests.get(row.index()).copied().unwrap_or(0.0)))
}

/// The requests of an application by domain and record type.
fn asked(subject: &AuditedApplication<'_, '_>) -> Vec<DnsQuestion> {
    let DnsIndex { columns, nxdomain, .. } = &subject.ground.dns;
    let asked = counted(subject).map(|(row, count)| {
        let is_nameless = Some(row.label(columns.status)) == *nxdomain;
        DnsQuestion {
            domain: row.label(columns.domain),
            request_type: row.label(columns.request_type),
            count,
            without_name: if is_nameless { count } else { 0.0 },
        }
    });
    asked.collect()
}

/// The number of requests for names that do not exist. Requests are left out if none of the same type for the
/// same domain had another result: often a domain just has no records of that type, such as those for IPv6.
fn without_name(mut asked: Vec<DnsQuestion>) -> f64 {
    let same = |asked: &DnsQuestion| (asked.domain.number(), asked.request_type.number());
    asked.sort_unstable_by_key(same);
    let mut without_name = 0.0;
    for group in asked.chunk_by(|one, other| same(one) == same(other)) {
        let sum = |of: fn(&DnsQuestion) -> f64| group.iter().map(of).sum::<f64>().round();
        let nameless = sum(|asked| asked.without_name);
        if nameless < sum(|asked| asked.count) {
            without_name += nameless;
        }
    }
    without_name
}
