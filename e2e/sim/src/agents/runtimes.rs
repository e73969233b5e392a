//! Exports the metrics of the node agent about language runtimes.

use super::ExportedSeries;
use crate::{
    lifetime::SimulatedLifetime,
    series::{
        SeriesLabels,
        ValueCurve::{About, Flows, Grows, Is},
    },
    software::LanguageRuntime,
};

pub(super) fn export(
    runtime: Option<LanguageRuntime>,
    labels: &SeriesLabels,
    lifetime: SimulatedLifetime,
    exported: &mut ExportedSeries,
) {
    match runtime {
        Some(LanguageRuntime::Jvm) => jvm(labels, lifetime, exported),
        Some(LanguageRuntime::Dotnet) => dotnet(labels, lifetime, exported),
        Some(LanguageRuntime::Python) => {
            exported.add("container_python_thread_lock_wait_time_seconds", labels, lifetime, Flows(0.004));
        }
        None => {}
    }
}

fn jvm(labels: &SeriesLabels, lifetime: SimulatedLifetime, exported: &mut ExportedSeries) {
    let labels = labels.with("jvm", "example.Service");
    exported.add("container_jvm_info", &labels.with("java_version", "21.0.2"), lifetime, Is(1.0));
    exported.add("container_jvm_heap_size_bytes", &labels, lifetime, Is(5e8));
    exported.add("container_jvm_heap_used_bytes", &labels, lifetime, About(3e8));
    exported.add(
        "container_jvm_gc_time_seconds",
        &labels.with("gc", "G1 Young Generation"),
        lifetime,
        Flows(0.002),
    );
    exported.add("container_jvm_safepoint_sync_time_seconds", &labels, lifetime, Flows(0.0002));
    exported.add("container_jvm_safepoint_time_seconds", &labels, lifetime, Flows(0.003));
}

fn dotnet(labels: &SeriesLabels, lifetime: SimulatedLifetime, exported: &mut ExportedSeries) {
    let labels = labels.with("application", "service");
    exported.add("container_dotnet_info", &labels.with("runtime_version", "8.0.1"), lifetime, Is(1.0));
    for (name, value) in [
        ("container_dotnet_memory_allocated_bytes_total", Grows(2e6)),
        ("container_dotnet_exceptions_total", Grows(0.01)),
        ("container_dotnet_heap_fragmentation_percent", About(12.0)),
        ("container_dotnet_monitor_lock_contentions_total", Grows(0.2)),
        ("container_dotnet_thread_pool_completed_items_total", Grows(40.0)),
        ("container_dotnet_thread_pool_queue_length", About(0.2)),
        ("container_dotnet_thread_pool_size", Is(8.0)),
    ] {
        exported.add(name, &labels, lifetime, value);
    }
    for generation in ["Gen0", "Gen1", "Gen2", "LOH", "POH"] {
        let labels = labels.with("generation", generation);
        exported.add("container_dotnet_memory_heap_size_bytes", &labels, lifetime, About(2e7));
        exported.add("container_dotnet_gc_count_total", &labels, lifetime, Grows(0.05));
    }
}
