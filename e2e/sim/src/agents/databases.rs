//! Exports the metrics of exporters and the cluster agent about databases.

use super::{
    ExportedSeries,
    cluster_agent::{ADDRESS, JOB, name_label},
};
use crate::{
    lifetime::SimulatedLifetime,
    model::{ApplicationOrigin, DatabaseMetricsSource, MetricsAttribution, SimulatedModel},
    series::{
        SeriesLabels,
        ValueCurve::{self, About, Flows, Grows, Is},
    },
    shape::ExporterKind,
    software::SimulatedDatabaseKind,
};

/// Labels by which scrape configurations name a namespace and a pod.
const POD_LABELS: [(&str, &str); 3] =
    [("namespace", "pod"), ("kubernetes_namespace", "pod_name"), ("k8s_ns", "k8s_pod")];

pub(super) fn export(model: &SimulatedModel, exported: &mut ExportedSeries) {
    for export in &model.exports {
        let labels = labels(model, export, exported);
        let export_series = match export.database {
            SimulatedDatabaseKind::Postgres => postgres,
            SimulatedDatabaseKind::Mysql => mysql,
            SimulatedDatabaseKind::Redis => redis,
            SimulatedDatabaseKind::Mongodb => mongodb,
            SimulatedDatabaseKind::Memcached => memcached,
        };
        export_series(&DatabaseExport { labels, lifetime: model.instance(export.by).lifetime }, exported);
    }
}

/// The labels that identify the instance of an export.
fn labels(
    model: &SimulatedModel,
    export: &DatabaseMetricsSource,
    exported: &mut ExportedSeries,
) -> SeriesLabels {
    let app = &model.applications[export.by.application];
    let instance = model.instance(export.by);
    let port = instance.containers.last().map_or(instance.port, |container| container.software.port);
    match (export.found, &instance.pod) {
        (MetricsAttribution::ByCloudName, _) => {
            let target = exported.target(JOB, ADDRESS);
            let ApplicationOrigin::Cloud(plan) = &app.origin else { return target };
            let (name, value) = name_label(plan, instance);
            target.with(name, value)
        }
        (MetricsAttribution::By(ExporterKind::ClusterAgent), _) => {
            let listen = instance.containers.first().and_then(|container| container.listens.first());
            let address = listen.map_or_else(|| instance.address(), |(address, _)| address.clone());
            exported.target(JOB, ADDRESS).with("address", address)
        }
        (MetricsAttribution::By(ExporterKind::ByPod), Some(pod)) => {
            // The label `instance` is not an address: only these labels identify the pod.
            let target = exported.target("kubernetes-pods", &pod.name);
            let (namespace, name) = POD_LABELS[export.by.application % POD_LABELS.len()];
            target.and(&[(namespace, &app.namespace), (name, &pod.name)])
        }
        (MetricsAttribution::By(_), Some(_)) => {
            exported.target("exporters", &format!("{}:{port}", instance.ip))
        }
        (MetricsAttribution::By(_), None) => exported.target("exporters", &instance.address()),
    }
}

/// A metric with the labels that it has in addition to those of its instance.
type DatabaseMetric<'a> = (&'static str, &'a [(&'a str, &'a str)], ValueCurve);

/// An instance whose metrics are exported.
struct DatabaseExport {
    labels: SeriesLabels,
    lifetime: SimulatedLifetime,
}

impl DatabaseExport {
    fn add(&self, exported: &mut ExportedSeries, series: &[DatabaseMetric<'_>]) {
        for (name, more, value) in series {
            let mut labels = self.labels.clone();
            for (name, value) in *more {
                labels = labels.with(name, value);
            }
            exported.add(name, &labels, self.lifetime, *value);
        }
    }
}

fn postgres(of: &DatabaseExport, exported: &mut ExportedSeries) {
    const QUERY: &[(&str, &str)] = &[("db", "app"), ("user", "app"), ("query", "SELECT ?")];
    let active =
        [("db", "app"), ("user", "app"), ("state", "active"), ("query", ""), ("wait_event_type", "")];
    of.add(
        exported,
        &[
            ("pg_up", &[], Is(1.0)),
            ("pg_info", &[("server_version", "16.2")], Is(1.0)),
            ("pg_setting", &[("name", "max_connections"), ("unit", "")], Is(100.0)),
            ("pg_setting", &[("name", "checkpoint_timeout"), ("unit", "s")], Is(300.0)),
            ("pg_connections", &active, About(12.0)),
            ("pg_latency_seconds", &[("summary", "avg")], About(0.004)),
            ("pg_latency_seconds", &[("summary", "p95")], About(0.02)),
            ("pg_top_query_calls_per_second", QUERY, About(30.0)),
            ("pg_top_query_time_per_second", QUERY, About(0.1)),
            ("pg_top_query_io_time_per_second", QUERY, About(0.01)),
            ("pg_db_queries_per_second", &[("db", "app")], About(40.0)),
            ("pg_wal_current_lsn", &[], Grows(20_000.0)),
        ],
    );
}

fn mysql(of: &DatabaseExport, exported: &mut ExportedSeries) {
    const QUERY: &[(&str, &str)] = &[("schema", "app"), ("query", "SELECT ?")];
    let table = [("schema", "app"), ("table", "orders"), ("operation", "read")];
    of.add(
        exported,
        &[
            ("mysql_up", &[], Is(1.0)),
            ("mysql_info", &[("server_uuid", "3e11fa47"), ("server_version", "8.0.36")], Is(1.0)),
            ("mysql_top_query_calls_per_second", QUERY, About(20.0)),
            ("mysql_top_query_time_per_second", QUERY, About(0.2)),
            ("mysql_top_query_lock_time_per_second", QUERY, About(0.01)),
            ("mysql_connections_max", &[], Is(151.0)),
            ("mysql_connections_current", &[], About(9.0)),
            ("mysql_connections_total", &[], Grows(0.4)),
            ("mysql_connections_aborted_total", &[], Grows(0.01)),
            ("mysql_traffic_received_bytes_total", &[], Grows(8e3)),
            ("mysql_traffic_sent_bytes_total", &[], Grows(3e4)),
            ("mysql_queries_total", &[], Grows(60.0)),
            ("mysql_slow_queries_total", &[], Grows(0.02)),
            ("mysql_top_table_io_wait_time_per_second", &table, About(0.05)),
        ],
    );
}

fn redis(of: &DatabaseExport, exported: &mut ExportedSeries) {
    of.add(
        exported,
        &[
            ("redis_up", &[], Is(1.0)),
            ("redis_exporter_last_scrape_error", &[("err", "")], Is(0.0)),
            ("redis_instance_info", &[("redis_version", "7.2.4"), ("role", "master")], Is(1.0)),
            ("redis_commands_total", &[("cmd", "get")], Grows(50.0)),
            ("redis_commands_total", &[("cmd", "set")], Grows(10.0)),
            ("redis_commands_duration_seconds_total", &[("cmd", "get")], Flows(0.001)),
            ("redis_commands_duration_seconds_total", &[("cmd", "set")], Flows(0.0004)),
        ],
    );
}

fn mongodb(of: &DatabaseExport, exported: &mut ExportedSeries) {
    of.add(
        exported,
        &[
            ("mongo_up", &[], Is(1.0)),
            ("mongo_info", &[("server_version", "7.0.5")], Is(1.0)),
            ("mongo_rs_status", &[("rs", "rs0"), ("role", "primary")], Is(1.0)),
        ],
    );
}

fn memcached(of: &DatabaseExport, exported: &mut ExportedSeries) {
    of.add(
        exported,
        &[
            ("memcached_up", &[], Is(1.0)),
            ("memcached_version", &[("version", "1.6.23")], Is(1.0)),
            ("memcached_limit_bytes", &[], Is(67_108_864.0)),
            ("memcached_commands_total", &[("command", "get"), ("status", "hit")], Grows(40.0)),
            ("memcached_commands_total", &[("command", "get"), ("status", "miss")], Grows(4.0)),
            ("memcached_items_evicted_total", &[], Grows(0.1)),
        ],
    );
}
