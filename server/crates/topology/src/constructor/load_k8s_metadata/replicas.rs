//! Loads the desired number of instances.

use headcount_prometheus::query::{Label, PrometheusQuery};

use crate::{
    constructor::world_builder::{WorldBuilder, read},
    model::{ApplicationId, Kind, keep_larger},
    queries::{
        KUBE_DAEMONSET_STATUS_DESIRED_NUMBER_SCHEDULED, KUBE_DEPLOYMENT_SPEC_REPLICAS,
        KUBE_STATEFULSET_REPLICAS,
    },
};

const DESIRED: [(&PrometheusQuery, Label, Kind); 3] = [
    (&KUBE_DEPLOYMENT_SPEC_REPLICAS, Label::Deployment, Kind::Deployment),
    (&KUBE_DAEMONSET_STATUS_DESIRED_NUMBER_SCHEDULED, Label::Daemonset, Kind::DaemonSet),
    (&KUBE_STATEFULSET_REPLICAS, Label::Statefulset, Kind::StatefulSet),
];

/// Loads the desired number of instances of applications that have pods.
pub(super) fn load(site: &mut WorldBuilder<'_, '_>) {
    for (query, label, kind) in DESIRED {
        for ([namespace, name], row) in read(site.answers, query, [Label::Namespace, label]) {
            let namespace = site.namespace(site.answers.text(namespace));
            let Some(app) = site.find_application(ApplicationId { namespace, kind, name }) else { continue };
            keep_larger(&mut site.world.apps[app].desired_instances, row.last());
        }
    }
}
