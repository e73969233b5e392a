//! Exports the metrics of the cluster agent about managed databases at AWS.

use super::ExportedSeries;
use crate::{
    model::{ApplicationOrigin, SimulatedApplication, SimulatedInstance, SimulatedModel},
    prices::{MANAGED_REGION, PRICED_CACHE, PRICED_DATABASE},
    series::{
        SeriesLabels,
        ValueCurve::{About, Grows, Is},
    },
    shape::{CloudDatabase, CloudService},
};

/// The job of the cluster agent. The server knows it by this name.
pub(super) const JOB: &str = "coroot-cluster-agent";

/// The address of the cluster agent.
pub(super) const ADDRESS: &str = "10.244.255.3:80";

pub(super) fn export(model: &SimulatedModel, exported: &mut ExportedSeries) {
    for app in &model.applications {
        let ApplicationOrigin::Cloud(plan) = &app.origin else { continue };
        let target = exported.target(JOB, ADDRESS);
        for instance in &app.instances {
            if plan.service.is_rds() {
                rds(app, plan, instance, &target, exported);
            } else {
                elasticache(plan, instance, &target, exported);
            }
        }
    }
}

/// The label with which the cluster agent identifies an instance.
pub(super) fn name_label(plan: &CloudDatabase, instance: &SimulatedInstance) -> (&'static str, String) {
    match plan.service {
        CloudService::ElastiCache => {
            // The cluster, then its node.
            let node = instance.name.rsplit('-').next().unwrap_or_default();
            ("ec_instance_id", format!("{MANAGED_REGION}/{}/{node}", plan.name))
        }
        _ => ("rds_instance_id", format!("{MANAGED_REGION}/{}", instance.name)),
    }
}

fn info(
    plan: &CloudDatabase,
    instance: &SimulatedInstance,
    priced: &'static str,
    labels: &SeriesLabels,
) -> SeriesLabels {
    let cluster = match plan.service {
        CloudService::Rds => String::new(),
        _ => format!("{MANAGED_REGION}/{}", plan.name),
    };
    labels.and(&[
        ("cluster_id", &cluster),
        ("ipv4", &instance.ip),
        ("port", &instance.port),
        ("engine", &plan.engine),
        ("engine_version", &"15.4"),
        ("instance_type", &if plan.priced { priced } else { "x9.unpriced" }),
        ("region", &MANAGED_REGION),
        ("availability_zone", &format!("{MANAGED_REGION}a")),
    ])
}

fn rds(
    app: &SimulatedApplication,
    plan: &CloudDatabase,
    instance: &SimulatedInstance,
    target: &SeriesLabels,
    exported: &mut ExportedSeries,
) {
    let lifetime = instance.lifetime;
    let (name, value) = name_label(plan, instance);
    let labels = target.with(name, value);
    let multi_az = app.instances.len() > 1;
    let info = info(plan, instance, PRICED_DATABASE, &labels);
    exported.add(
        "aws_rds_info",
        &info.and(&[("storage_type", &"gp3"), ("multi_az", &multi_az)]),
        lifetime,
        Is(1.0),
    );
    exported.add("aws_rds_status", &labels.with("status", "available"), lifetime, Is(1.0));
    for (mode, percent) in [("user", 10.0), ("system", 4.0), ("wait", 1.0)] {
        exported.add("aws_rds_cpu_usage_percent", &labels.with("mode", mode), lifetime, About(percent));
    }
    for (name, value) in [
        ("aws_rds_cpu_cores", Is(2.0)),
        ("aws_rds_memory_total_bytes", Is(8e9)),
        ("aws_rds_memory_cached_bytes", About(3e9)),
        ("aws_rds_memory_free_bytes", About(1e9)),
        ("aws_rds_allocated_storage_gibibytes", Is(100.0)),
        ("aws_rds_storage_provisioned_iops", Is(3000.0)),
    ] {
        exported.add(name, &labels, lifetime, value);
    }
    let files = labels.with("mount_point", "/rdsdbdata");
    exported.add("aws_rds_fs_total_bytes", &files, lifetime, Is(1e11));
    exported.add("aws_rds_fs_used_bytes", &files, lifetime, About(4e10));
    let disk = labels.with("device", "rdsdev");
    exported.add("aws_rds_io_util_percent", &disk, lifetime, About(5.0));
    exported.add("aws_rds_io_await_seconds", &disk, lifetime, About(0.002));
    for operation in ["read", "write"] {
        let labels = disk.with("operation", operation);
        exported.add("aws_rds_io_ops_per_second", &labels, lifetime, About(30.0));
    }
    let interface = labels.with("interface", "eth0");
    exported.add("aws_rds_net_rx_bytes_per_second", &interface, lifetime, About(3e4));
    exported.add("aws_rds_net_tx_bytes_per_second", &interface, lifetime, About(9e4));
    let messages =
        labels.and(&[("level", &"info"), ("pattern_hash", &"5d41402abc4b2a76"), ("sample", &"checkpoint")]);
    exported.add("aws_rds_log_messages_total", &messages, lifetime, Grows(0.1));
}

fn elasticache(
    plan: &CloudDatabase,
    instance: &SimulatedInstance,
    target: &SeriesLabels,
    exported: &mut ExportedSeries,
) {
    let (name, value) = name_label(plan, instance);
    let labels = target.with(name, value);
    exported.add(
        "aws_elasticache_info",
        &info(plan, instance, PRICED_CACHE, &labels),
        instance.lifetime,
        Is(1.0),
    );
    let status = labels.with("status", "available");
    exported.add("aws_elasticache_status", &status, instance.lifetime, Is(1.0));
}
