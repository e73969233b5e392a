//! Exports the metrics of the node agent about containers.

use super::{ExportedSeries, nodes, runtimes};
use crate::{
    baseline::{CORES, ERRORS, MEMORY_BYTES, WARNINGS},
    growth_rate::GrowthRate,
    lifetime::SimulatedLifetime,
    model::{SimulatedContainer, SimulatedInstance, SimulatedModel},
    series::{
        SeriesLabels,
        ValueCurve::{About, Counts, Flows, Grows, Is, Restarts, Spends},
    },
};

pub(super) fn export(model: &SimulatedModel, exported: &mut ExportedSeries) {
    for (_, _, instance) in model.instances() {
        let Some(node) = model.agent_of(instance) else { continue };
        let labels = nodes::labels(node, exported);
        for container in &instance.containers {
            let labels = labels.with("container_id", &container.id);
            let index = ContainerExport { container, instance, labels: &labels };
            index.identity(exported);
            index.costs(exported);
            index.storage(exported);
            index.messages(exported);
            runtimes::export(container.software.runtime, &labels, instance.lifetime, exported);
        }
    }
}

/// A container whose metrics are exported.
struct ContainerExport<'a> {
    container: &'a SimulatedContainer,
    instance: &'a SimulatedInstance,
    labels: &'a SeriesLabels,
}

impl ContainerExport<'_> {
    fn lifetime(&self) -> SimulatedLifetime {
        self.instance.lifetime
    }

    fn identity(&self, exported: &mut ExportedSeries) {
        let software = self.container.software;
        let trigger = if self.container.name.starts_with("apt-") { "apt-daily.timer" } else { "" };
        let info = self.labels.and(&[("image", &self.container.image()), ("systemd_triggered_by", &trigger)]);
        exported.add("container_info", &info, self.lifetime(), Is(1.0));
        if let Some(service) = software.service {
            let labels = self.labels.with("application_type", service);
            exported.add("container_application_type", &labels, self.lifetime(), Is(1.0));
        }
        for (address, proxy) in &self.container.listens {
            let labels = self.labels.and(&[("listen_addr", address), ("proxy", proxy)]);
            exported.add("container_net_tcp_listen_info", &labels, self.lifetime(), Is(1.0));
        }
    }

    fn costs(&self, exported: &mut ExportedSeries) {
        let (lifetime, load) = (self.lifetime(), self.instance.load);
        for (name, value) in [
            ("container_resources_cpu_usage_seconds_total", Spends(GrowthRate::even(CORES * load.cpu))),
            ("container_resources_cpu_delay_seconds_total", Flows(0.001 * load.cpu)),
            // Memory that swings could look like a leak.
            ("container_resources_memory_rss_bytes", Is(MEMORY_BYTES * load.memory)),
            ("container_resources_memory_cache_bytes", About(3e7)),
            ("container_restarts_total", Restarts(1.0)),
        ] {
            exported.add(name, self.labels, lifetime, value);
        }
        if lifetime.restarts.is_some() {
            exported.add("container_oom_kills_total", self.labels, lifetime, Restarts(load.killed()));
        }
        // Only some containers have limits; others have no such series.
        if self.container.software.port.is_multiple_of(2) {
            exported.add("container_resources_cpu_limit_cores", self.labels, lifetime, Is(1.0));
            exported.add(
                "container_resources_cpu_throttled_seconds_total",
                self.labels,
                lifetime,
                Flows(0.0005 * load.cpu),
            );
            exported.add(
                "container_resources_memory_limit_bytes",
                self.labels,
                lifetime,
                Is(f64::from(1 << 30)),
            );
        }
    }

    fn storage(&self, exported: &mut ExportedSeries) {
        let software = self.container.software;
        // An exporter of database metrics is not a database.
        if software.database.is_none() || software.service.is_none() {
            return;
        }
        let volume = self.labels.and(&[
            ("mount_point", &"/var/lib/data"),
            ("device", &"vda"),
            ("volume", &self.instance.name),
        ]);
        exported.add("container_resources_disk_size_bytes", &volume, self.lifetime(), Is(1e11));
        exported.add("container_resources_disk_used_bytes", &volume, self.lifetime(), About(3e10));
    }

    fn messages(&self, exported: &mut ExportedSeries) {
        for (level, pattern_hash, value) in [
            ("info", "d41d8cd98f00b204e9800998ecf8427e", Grows(0.8)),
            ("warning", "9e107d9d372bb6826bd81d3542a419d6", Counts(GrowthRate::even(WARNINGS))),
            (
                "error",
                "e4d909c290d0fb1ca068ffaddf22cbd0",
                Counts(GrowthRate::even(ERRORS * self.instance.load.log_errors)),
            ),
        ] {
            let labels = self.labels.and(&[
                ("source", &"stdout/stderr"),
                ("level", &level),
                ("pattern_hash", &pattern_hash),
                ("sample", &format!("{level}: \"{}\" took 12 ms", self.container.name)),
            ]);
            exported.add("container_log_messages_total", &labels, self.lifetime(), value);
        }
    }
}
