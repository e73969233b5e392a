//! Loads the .NET applications that run in containers.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::InternedString,
};

use super::{
    container_index::for_each_known, named_parts::NamedParts, series_fields::CurrentValueField,
    world_builder::WorldBuilder,
};
use crate::{
    model::{ArenaIndex as _, DotNet, LatestText, OneToMany, RowId, keep_larger},
    queries::{
        CONTAINER_DOTNET_EXCEPTIONS_TOTAL, CONTAINER_DOTNET_GC_COUNT_TOTAL,
        CONTAINER_DOTNET_HEAP_FRAGMENTATION_PERCENT, CONTAINER_DOTNET_INFO,
        CONTAINER_DOTNET_MEMORY_ALLOCATED_BYTES_TOTAL, CONTAINER_DOTNET_MEMORY_HEAP_SIZE_BYTES,
        CONTAINER_DOTNET_MONITOR_LOCK_CONTENTIONS_TOTAL, CONTAINER_DOTNET_THREAD_POOL_COMPLETED_ITEMS_TOTAL,
        CONTAINER_DOTNET_THREAD_POOL_QUEUE_LENGTH, CONTAINER_DOTNET_THREAD_POOL_SIZE,
    },
};

const NOW: [CurrentValueField<DotNet>; 7] = [
    (&CONTAINER_DOTNET_MEMORY_ALLOCATED_BYTES_TOTAL, |dotnet| &mut dotnet.memory_allocated),
    (&CONTAINER_DOTNET_EXCEPTIONS_TOTAL, |dotnet| &mut dotnet.exceptions),
    (&CONTAINER_DOTNET_HEAP_FRAGMENTATION_PERCENT, |dotnet| &mut dotnet.heap_fragmentation),
    (&CONTAINER_DOTNET_MONITOR_LOCK_CONTENTIONS_TOTAL, |dotnet| &mut dotnet.lock_contentions),
    (&CONTAINER_DOTNET_THREAD_POOL_COMPLETED_ITEMS_TOTAL, |dotnet| &mut dotnet.thread_pool_completed_items),
    (&CONTAINER_DOTNET_THREAD_POOL_QUEUE_LENGTH, |dotnet| &mut dotnet.thread_pool_queue_length),
    (&CONTAINER_DOTNET_THREAD_POOL_SIZE, |dotnet| &mut dotnet.thread_pool_size),
];

const GENERATIONS: [&PrometheusQuery; 2] =
    [&CONTAINER_DOTNET_MEMORY_HEAP_SIZE_BYTES, &CONTAINER_DOTNET_GC_COUNT_TOTAL];

/// Loads the .NET applications of known containers.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let mut dotnets = NamedParts::new();
    let labels = [Label::Application, Label::RuntimeVersion];
    for_each_known(site, &CONTAINER_DOTNET_INFO, labels, |site, container, [name, version], row| {
        let dotnet = dotnets.enter(site.world.containers[container].instance, name, new);
        dotnet.runtime_version.update(&site.world.texts, row.last_seen(), version);
        keep_larger(&mut dotnet.up, row.last());
    });
    for (query, field) in NOW {
        for_each_known(site, query, [Label::Application], |site, container, [name], row| {
            let dotnet = dotnets.enter(site.world.containers[container].instance, name, new);
            keep_larger(field(dotnet), row.last());
        });
    }
    let mut generations = Vec::new();
    for query in GENERATIONS {
        for_each_known(site, query, [], |site, container, [], row| {
            generations.push((site.world.containers[container].instance, (query, RowId::at(row.index()))));
        });
    }
    site.world.dotnets = dotnets.gather();
    site.world.dotnet_generations = OneToMany::gather(generations);
}

const fn new(name: InternedString) -> DotNet {
    DotNet {
        name,
        runtime_version: LatestText::NONE,
        up: f32::NAN,
        memory_allocated: f32::NAN,
        exceptions: f32::NAN,
        heap_fragmentation: f32::NAN,
        lock_contentions: f32::NAN,
        thread_pool_completed_items: f32::NAN,
        thread_pool_queue_length: f32::NAN,
        thread_pool_size: f32::NAN,
    }
}
