//! Loads the Java virtual machines that run in containers.

use headcount_prometheus::{query::Label, results::InternedString};

use super::{
    container_index::for_each_known, named_parts::NamedParts, series_fields::CurrentValueField,
    world_builder::WorldBuilder,
};
use crate::{
    model::{ArenaIndex as _, Jvm, LatestText, OneToMany, RowId, keep_larger},
    queries::{
        CONTAINER_JVM_GC_TIME_SECONDS, CONTAINER_JVM_HEAP_SIZE_BYTES, CONTAINER_JVM_HEAP_USED_BYTES,
        CONTAINER_JVM_INFO, CONTAINER_JVM_SAFEPOINT_SYNC_TIME_SECONDS, CONTAINER_JVM_SAFEPOINT_TIME_SECONDS,
    },
};

const NOW: [CurrentValueField<Jvm>; 4] = [
    (&CONTAINER_JVM_HEAP_SIZE_BYTES, |jvm| &mut jvm.heap_size),
    (&CONTAINER_JVM_HEAP_USED_BYTES, |jvm| &mut jvm.heap_used),
    (&CONTAINER_JVM_SAFEPOINT_SYNC_TIME_SECONDS, |jvm| &mut jvm.safepoint_sync_time),
    (&CONTAINER_JVM_SAFEPOINT_TIME_SECONDS, |jvm| &mut jvm.safepoint_time),
];

/// Loads the Java virtual machines of known containers.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let mut jvms = NamedParts::new();
    let labels = [Label::Jvm, Label::JavaVersion];
    for_each_known(site, &CONTAINER_JVM_INFO, labels, |site, container, [name, version], row| {
        let instance = site.world.containers[container].instance;
        jvms.enter(instance, name, new).java_version.update(&site.world.texts, row.last_seen(), version);
    });
    for (query, field) in NOW {
        for_each_known(site, query, [Label::Jvm], |site, container, [name], row| {
            let instance = site.world.containers[container].instance;
            keep_larger(field(jvms.enter(instance, name, new)), row.last());
        });
    }
    let mut collections = Vec::new();
    for_each_known(site, &CONTAINER_JVM_GC_TIME_SECONDS, [], |site, container, [], row| {
        collections.push((site.world.containers[container].instance, RowId::at(row.index())));
    });
    site.world.jvms = jvms.gather();
    site.world.jvm_gc = OneToMany::gather(collections);
}

const fn new(name: InternedString) -> Jvm {
    Jvm {
        name,
        java_version: LatestText::NONE,
        heap_size: f32::NAN,
        heap_used: f32::NAN,
        safepoint_sync_time: f32::NAN,
        safepoint_time: f32::NAN,
    }
}
