//! Loads the resource usage of containers on AWS Fargate, which cAdvisor reports because no node agent runs
//! there.

use headcount_prometheus::{query::Label, results::InternedString};

use super::{
    series_fields::{CurrentValueField, SeriesField},
    world_builder::{WorldBuilder, read},
};
use crate::{
    model::{Container, ContainerId, keep_larger, keep_newer},
    queries::{
        FARGATE_CONTAINER_CPU_CFS_THROTTLED_SECONDS, FARGATE_CONTAINER_CPU_USAGE_SECONDS,
        FARGATE_CONTAINER_MEMORY_CACHE, FARGATE_CONTAINER_MEMORY_RSS, FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND,
        FARGATE_CONTAINER_OOM_EVENTS_TOTAL, FARGATE_CONTAINER_SPEC_CPU_LIMIT_CORES,
        FARGATE_CONTAINER_SPEC_MEMORY_LIMIT_BYTES,
    },
};

const NOW: [CurrentValueField<Container>; 4] = [
    (&FARGATE_CONTAINER_SPEC_MEMORY_LIMIT_BYTES, |container| &mut container.memory_limit),
    (&FARGATE_CONTAINER_SPEC_CPU_LIMIT_CORES, |container| &mut container.cpu_limit),
    (&FARGATE_CONTAINER_MEMORY_CACHE, |container| &mut container.memory_cache),
    (&FARGATE_CONTAINER_CPU_CFS_THROTTLED_SECONDS, |container| &mut container.throttled_time),
];

const OVER_TIME: [SeriesField<Container>; 4] = [
    (&FARGATE_CONTAINER_OOM_EVENTS_TOTAL, |container| &mut container.oom_kills.fargate),
    (&FARGATE_CONTAINER_MEMORY_RSS, |container| &mut container.memory_rss.fargate),
    (&FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND, |container| &mut container.memory_rss_trend.fargate),
    (&FARGATE_CONTAINER_CPU_USAGE_SECONDS, |container| &mut container.cpu_usage.fargate),
];

const LABELS: [Label; 4] = [Label::KubernetesIoHostname, Label::Namespace, Label::Pod, Label::Container];

/// Loads the containers of known pods. Series about a pod as a whole are skipped.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    for (query, field) in NOW {
        for (labels, row) in read(site.answers, query, LABELS) {
            let Some(container) = container(site, labels) else { continue };
            keep_larger(field(&mut site.world.containers[container]), row.last());
        }
    }
    for (query, field) in OVER_TIME {
        let table = site.answers.table(query);
        for (labels, row) in read(site.answers, query, LABELS) {
            let Some(container) = container(site, labels) else { continue };
            keep_newer(field(&mut site.world.containers[container]), &site.world.texts, table, row.index());
        }
    }
}

fn container(site: &mut WorldBuilder<'_, '_>, labels: [InternedString; 4]) -> Option<ContainerId> {
    let [hostname, namespace, pod, container] = labels;
    if matches!(site.answers.text(container), "" | "POD") {
        return None;
    }
    let namespace = site.namespace(site.answers.text(namespace));
    let pod = site.pods.on_node(namespace, pod, site.nodes.named(hostname))?;
    Some(site.containers.of_pod(&mut site.world, pod, container))
}
