//! Loads the containers, their resource usage, their volumes and the addresses on which they listen.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::InternedString,
};

use crate::{
    constructor::{
        container_index::for_each,
        named_parts::NamedParts,
        series_fields::{CurrentValueField, SeriesField},
        world_builder::WorldBuilder,
    },
    model::{
        ArenaIndex as _, Container, ContainerId, HostPort, ListenAddress, MountedVolume, OneToMany, RowId,
        keep_larger, keep_newer,
    },
    queries::{
        CONTAINER_APPLICATION_TYPE, CONTAINER_CPU_DELAY, CONTAINER_CPU_LIMIT, CONTAINER_CPU_USAGE,
        CONTAINER_DNS_REQUESTS_LATENCY, CONTAINER_DNS_REQUESTS_TOTAL, CONTAINER_INFO, CONTAINER_MEMORY_CACHE,
        CONTAINER_MEMORY_LIMIT, CONTAINER_MEMORY_RSS, CONTAINER_MEMORY_RSS_FOR_TREND,
        CONTAINER_NET_TCP_LISTEN_INFO, CONTAINER_OOM_KILLS_TOTAL, CONTAINER_RESTARTS,
        CONTAINER_THROTTLED_TIME, CONTAINER_VOLUME_SIZE, CONTAINER_VOLUME_USED,
    },
};

const NOW: [CurrentValueField<Container>; 5] = [
    (&CONTAINER_CPU_LIMIT, |container| &mut container.cpu_limit),
    (&CONTAINER_CPU_DELAY, |container| &mut container.cpu_delay),
    (&CONTAINER_THROTTLED_TIME, |container| &mut container.throttled_time),
    (&CONTAINER_MEMORY_CACHE, |container| &mut container.memory_cache),
    (&CONTAINER_MEMORY_LIMIT, |container| &mut container.memory_limit),
];

const OVER_TIME: [SeriesField<Container>; 5] = [
    (&CONTAINER_CPU_USAGE, |container| &mut container.cpu_usage.agent),
    (&CONTAINER_MEMORY_RSS, |container| &mut container.memory_rss.agent),
    (&CONTAINER_MEMORY_RSS_FOR_TREND, |container| &mut container.memory_rss_trend.agent),
    (&CONTAINER_OOM_KILLS_TOTAL, |container| &mut container.oom_kills.agent),
    (&CONTAINER_RESTARTS, |container| &mut container.restarts),
];

const VOLUMES: [CurrentValueField<MountedVolume>; 2] = [
    (&CONTAINER_VOLUME_SIZE, |volume| &mut volume.size),
    (&CONTAINER_VOLUME_USED, |volume| &mut volume.used),
];

/// Loads containers and their resource usage.
pub(super) fn load(site: &mut WorldBuilder<'_, '_>) {
    load_info(site);
    load_types(site);
    load_listens(site);
    load_values(site);
    load_volumes(site);
    site.world.dns_requests = rows(site, &CONTAINER_DNS_REQUESTS_TOTAL);
    site.world.dns_latencies = rows(site, &CONTAINER_DNS_REQUESTS_LATENCY);
}

fn load_info(site: &mut WorldBuilder<'_, '_>) {
    let labels = [Label::Image, Label::SystemdTriggeredBy];
    for_each(site, &CONTAINER_INFO, labels, |site, container, [image, trigger], row| {
        let is_timer = site.answers.text(trigger).ends_with(".timer");
        let container = &mut site.world.containers[container];
        container.image.update(&site.world.texts, row.last_seen(), image);
        container.periodic |= is_timer;
    });
}

fn load_types(site: &mut WorldBuilder<'_, '_>) {
    let mut types = Vec::new();
    for_each(site, &CONTAINER_APPLICATION_TYPE, [Label::ApplicationType], |_, container, [name], _| {
        if !name.is_empty() {
            types.push((container, name));
        }
    });
    types.sort_unstable_by_key(|(container, name)| (*container, name.number()));
    types.dedup();
    site.world.application_types = OneToMany::gather(types);
}

fn load_listens(site: &mut WorldBuilder<'_, '_>) {
    let labels = [Label::ListenAddr, Label::Proxy];
    for_each(site, &CONTAINER_NET_TCP_LISTEN_INFO, labels, |site, container, [address, proxy], row| {
        let Some(address) = HostPort::parse(site.answers.text(address)) else { return };
        let Some(ip) = address.ip() else { return };
        let active = row.last() == Some(1.0);
        let (port, proxied) = (address.port, !proxy.is_empty());
        let listen = ListenAddress { ip, port, proxied, active, last_seen: row.last_seen() };
        site.listens.push((site.world.containers[container].instance, listen));
    });
}

fn load_values(site: &mut WorldBuilder<'_, '_>) {
    for (query, field) in NOW {
        for_each(site, query, [], |site, container, [], row| {
            keep_larger(field(&mut site.world.containers[container]), row.last());
        });
    }
    for (query, field) in OVER_TIME {
        let table = site.answers.table(query);
        for_each(site, query, [], |site, container, [], row| {
            keep_newer(field(&mut site.world.containers[container]), &site.world.texts, table, row.index());
        });
    }
}

fn load_volumes(site: &mut WorldBuilder<'_, '_>) {
    let labels = [Label::MountPoint, Label::Volume, Label::Device];
    let mut volumes = NamedParts::new();
    for (query, field) in VOLUMES {
        for_each(site, query, labels, |site, container, [mount_point, name, device], row| {
            let instance = site.world.containers[container].instance;
            let volume = volumes.enter(instance, mount_point, new_volume);
            for (kept, text) in [(&mut volume.name, name), (&mut volume.device, device)] {
                if site.world.texts.compare(text, *kept).is_gt() {
                    *kept = text;
                }
            }
            keep_larger(field(volume), row.last());
        });
    }
    site.world.volumes = volumes.gather();
}

const fn new_volume(mount_point: InternedString) -> MountedVolume {
    MountedVolume {
        mount_point,
        device: InternedString::EMPTY,
        name: InternedString::EMPTY,
        size: f32::NAN,
        used: f32::NAN,
    }
}

fn rows(site: &mut WorldBuilder<'_, '_>, query: &'static PrometheusQuery) -> OneToMany<ContainerId, RowId> {
    let mut rows = Vec::new();
    for_each(site, query, [], |_, container, [], row| rows.push((container, RowId::at(row.index()))));
    OneToMany::gather(rows)
}
