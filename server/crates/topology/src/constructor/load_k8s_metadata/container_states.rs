//! Loads the requests and the states of containers from kube-state-metrics.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, ResultRow},
};

use crate::{
    constructor::world_builder::{WorldBuilder, read},
    model::{Container, ContainerState, TextInterner, keep_larger},
    queries::{
        KUBE_POD_CONTAINER_RESOURCE_REQUESTS, KUBE_POD_CONTAINER_STATUS_LAST_TERMINATED_REASON,
        KUBE_POD_CONTAINER_STATUS_READY, KUBE_POD_CONTAINER_STATUS_RUNNING,
        KUBE_POD_CONTAINER_STATUS_TERMINATED, KUBE_POD_CONTAINER_STATUS_TERMINATED_REASON,
        KUBE_POD_CONTAINER_STATUS_WAITING, KUBE_POD_CONTAINER_STATUS_WAITING_REASON,
        KUBE_POD_INIT_CONTAINER_INFO,
    },
};

/// A row of a series about a container.
struct ContainerStatusRow<'r, 't, 'a> {
    row: ResultRow<'r>,
    texts: &'t TextInterner<'a>,
    /// The label `resource` or `reason`.
    label: InternedString,
}

type ContainerUpdate = fn(&mut Container, &ContainerStatusRow<'_, '_, '_>);

const CHANGES: [(&PrometheusQuery, Label, ContainerUpdate); 9] = [
    (&KUBE_POD_INIT_CONTAINER_INFO, Label::Container, |container, _| container.init = true),
    (&KUBE_POD_CONTAINER_RESOURCE_REQUESTS, Label::Resource, request),
    (&KUBE_POD_CONTAINER_STATUS_READY, Label::Container, |container, said| {
        container.status.ready |= said.row.is_so()
    }),
    (&KUBE_POD_CONTAINER_STATUS_WAITING, Label::Container, |container, said| {
        state(container, said, ContainerState::Waiting)
    }),
    (&KUBE_POD_CONTAINER_STATUS_RUNNING, Label::Container, |container, said| {
        state(container, said, ContainerState::Running)
    }),
    (&KUBE_POD_CONTAINER_STATUS_TERMINATED, Label::Container, |container, said| {
        state(container, said, ContainerState::Terminated);
    }),
    (&KUBE_POD_CONTAINER_STATUS_TERMINATED_REASON, Label::Reason, |container, said| {
        reason(&mut container.status.reason, said);
    }),
    (&KUBE_POD_CONTAINER_STATUS_WAITING_REASON, Label::Reason, |container, said| {
        reason(&mut container.status.reason, said);
    }),
    (&KUBE_POD_CONTAINER_STATUS_LAST_TERMINATED_REASON, Label::Reason, |container, said| {
        reason(&mut container.status.last_terminated_reason, said);
    }),
];

/// Loads the containers of known pods.
pub(super) fn load(site: &mut WorldBuilder<'_, '_>) {
    for (query, label, change) in CHANGES {
        for ([uid, name, label], row) in read(site.answers, query, [Label::Uid, Label::Container, label]) {
            let Some(pod) = site.pods.with_uid(uid).filter(|_| !name.is_empty()) else { continue };
            let container = site.containers.of_pod(&mut site.world, pod, name);
            let said = ContainerStatusRow { row, texts: &site.world.texts, label };
            change(&mut site.world.containers[container], &said);
        }
    }
}

fn request(container: &mut Container, said: &ContainerStatusRow<'_, '_, '_>) {
    let value = said.row.last();
    match said.texts.text(said.label) {
        "cpu" => keep_larger(&mut container.cpu_request, value),
        "memory" => keep_larger(&mut container.memory_request, value),
        _ => {}
    }
}

fn state(container: &mut Container, said: &ContainerStatusRow<'_, '_, '_>, state: ContainerState) {
    if said.row.is_so() {
        container.status.state = container.status.state.max(Some(state));
    }
}

/// Sets the reason. Of several, the one with the larger text counts.
fn reason(kept: &mut InternedString, said: &ContainerStatusRow<'_, '_, '_>) {
    if said.row.is_so() && said.texts.compare(said.label, *kept).is_gt() {
        *kept = said.label;
    }
}
