//! Loads the phases and the conditions of pods.

use headcount_prometheus::query::Label;

use crate::{
    constructor::{
        series_fields::FlagField,
        world_builder::{WorldBuilder, read},
    },
    model::{Pod, PodPhase, keep_newer},
    queries::{KUBE_POD_STATUS_PHASE, KUBE_POD_STATUS_READY, KUBE_POD_STATUS_SCHEDULED},
};

const FLAGS: [FlagField<Pod>; 2] =
    [(&KUBE_POD_STATUS_READY, |pod| &mut pod.ready), (&KUBE_POD_STATUS_SCHEDULED, |pod| &mut pod.scheduled)];

/// Loads the phases of pods. If Prometheus has no phase of any pod, no pod counts as gone.
pub(super) fn load(site: &mut WorldBuilder<'_, '_>) {
    load_phases(site);
    for (query, flag) in FLAGS {
        for ([uid], row) in read(site.answers, query, [Label::Uid]) {
            let Some(pod) = site.pods.with_uid(uid).and_then(|pod| site.world.instances[pod].pod) else {
                continue;
            };
            *flag(&mut site.world.pods[pod]) |= row.is_so();
        }
    }
}

fn load_phases(site: &mut WorldBuilder<'_, '_>) {
    let table = site.answers.table(&KUBE_POD_STATUS_PHASE);
    if table.is_empty() {
        for pod in site.world.pods.values_mut() {
            pod.phase = Some(PodPhase::NotObserved);
        }
    }
    for ([uid, phase], row) in read(site.answers, &KUBE_POD_STATUS_PHASE, [Label::Uid, Label::Phase]) {
        let Some(pod) = site.pods.with_uid(uid).and_then(|pod| site.world.instances[pod].pod) else {
            continue;
        };
        let pod = &mut site.world.pods[pod];
        let phase = PodPhase::of(site.answers.text(phase));
        pod.first_seen = pod.first_seen.min(row.first_seen());
        pod.last_seen = pod.last_seen.max(row.last_seen());
        if phase == PodPhase::Running {
            keep_newer(&mut pod.running, &site.world.texts, table, row.index());
        }
        if row.is_so() {
            pod.phase = pod.phase.max(Some(phase));
        }
    }
}
