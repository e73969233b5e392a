//! Generates a shape of a given size.

use super::{
    CallRoute, ExporterKind, FleetShape, NodePlan, OutsideService, WorkloadChange, WorkloadKind,
    WorkloadPlan, call,
};
use crate::{
    clouds::MACHINES,
    software::{
        CASSANDRA, DOTNET, GO, JAVA, KAFKA, MEMCACHED, MONGODB, MYSQL, NATS, NODEJS, POSTGRES, PYTHON,
        RABBITMQ, REDIS, Software,
    },
};

/// Services with their databases: every protocol, runtime and database.
static PAIRS: [(&Software, &Software); 9] = [
    (&GO, &POSTGRES),
    (&JAVA, &MYSQL),
    (&DOTNET, &REDIS),
    (&PYTHON, &MONGODB),
    (&NODEJS, &MEMCACHED),
    (&GO, &KAFKA),
    (&JAVA, &RABBITMQ),
    (&GO, &NATS),
    (&PYTHON, &CASSANDRA),
];

/// The containers of a pair: two of the service and one of the store.
const CONTAINERS_OF_PAIR: u32 = 3;

impl FleetShape {
    /// Returns a Kubernetes cluster with this number of nodes and about this number of containers: teams of
    /// services that call each other, their stores and an external service.
    #[must_use]
    pub fn sized(nodes: u32, containers: u32) -> Self {
        let machine = &MACHINES[0];
        let node = NodePlan { agent: true, kubernetes: true, fargate: false, machine, spot: false };
        let external = OutsideService {
            name: "api.outside.example".to_owned(),
            resolved: true,
            addresses: 2,
            port: 443,
            auxiliary: false,
            balanced: false,
        };
        let mut shape = Self {
            nodes: vec![node; nodes as usize],
            kube_state_metrics: true,
            externals: vec![external],
            ..Self::default()
        };
        let mut previous: Option<String> = None;
        for number in 0..containers.div_ceil(CONTAINERS_OF_PAIR) {
            let (service, store) = PAIRS[number as usize % PAIRS.len()];
            let team = format!("team-{}", number as usize / PAIRS.len());
            let (service_name, store_name) = (format!("service-{number}"), format!("store-{number}"));
            let change = if number.is_multiple_of(20) {
                WorkloadChange::Restarts(1700)
            } else {
                WorkloadChange::Steady
            };
            shape.workloads.push(
                WorkloadPlan::new(WorkloadKind::Deployment, &team, &service_name, service)
                    .replicas(2)
                    .change(change),
            );
            shape.workloads.push(
                WorkloadPlan::new(WorkloadKind::StatefulSet, &team, &store_name, store)
                    .exported(ExporterKind::ClusterAgent),
            );
            let caller = format!("{team}/{service_name}");
            shape.calls.push(call(&caller, &format!("{team}/{store_name}"), CallRoute::Service));
            match previous.filter(|_| !number.is_multiple_of(10)) {
                Some(previous) => shape.calls.push(call(&caller, &previous, CallRoute::Service)),
                None => shape.calls.push(call(&caller, "api.outside.example", CallRoute::Address)),
            }
            previous = Some(caller);
        }
        shape
    }
}
