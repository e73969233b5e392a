//! Exports the metrics of the node agent about language runtimes.

use super::ExportedSeries;
use crate::fleet::{
    life::SimulatedLifetime,
    series::{
        SeriesLabels,
        ValueCurve::{About, Flows, Grows, Is},
    },
    software::LanguageRuntime,
};

pub(super) fn speak(
    runtime: Option<LanguageRuntime>,
    labels: &SeriesLabels,
    life: SimulatedLifetime,
    speech: &mut ExportedSeries,
) {
    match runtime {
        Some(LanguageRuntime::Jvm) => jvm(labels, life, speech),
        Some(LanguageRuntime::Dotnet) => dotnet(labels, life, speech),
        Some(LanguageRuntime::Python) => {
            speech.say("container_python_thread_lock_wait_time_seconds", labels, life, Flows(0.004));
        }
        None => {}
    }
}

fn jvm(labels: &SeriesLabels, life: SimulatedLifetime, speech: &mut ExportedSeries) {
    let labels = labels.with("jvm", "example.Service");
    speech.say("container_jvm_info", &labels.with("java_version", "21.0.2"), life, Is(1.0));
    speech.say("container_jvm_heap_size_bytes", &labels, life, Is(5e8));
    speech.say("container_jvm_heap_used_bytes", &labels, life, About(3e8));
    speech.say(
        "container_jvm_gc_time_seconds",
        &labels.with("gc", "G1 Young Generation"),
        life,
        Flows(0.002),
    );
    speech.say("container_jvm_safepoint_sync_time_seconds", &labels, life, Flows(0.0002));
    speech.say("container_jvm_safepoint_time_seconds", &labels, life, Flows(0.003));
}

fn dotnet(labels: &SeriesLabels, life: SimulatedLifetime, speech: &mut ExportedSeries) {
    let labels = labels.with("application", "service");
    speech.say("container_dotnet_info", &labels.with("runtime_version", "8.0.1"), life, Is(1.0));
    for (name, value) in [
        ("container_dotnet_memory_allocated_bytes_total", Grows(2e6)),
        ("container_dotnet_exceptions_total", Grows(0.01)),
        ("container_dotnet_heap_fragmentation_percent", About(12.0)),
        ("container_dotnet_monitor_lock_contentions_total", Grows(0.2)),
        ("container_dotnet_thread_pool_completed_items_total", Grows(40.0)),
        ("container_dotnet_thread_pool_queue_length", About(0.2)),
        ("container_dotnet_thread_pool_size", Is(8.0)),
    ] {
        speech.say(name, &labels, life, value);
    }
    for generation in ["Gen0", "Gen1", "Gen2", "LOH", "POH"] {
        let labels = labels.with("generation", generation);
        speech.say("container_dotnet_memory_heap_size_bytes", &labels, life, About(2e7));
        speech.say("container_dotnet_gc_count_total", &labels, life, Grows(0.05));
    }
}
