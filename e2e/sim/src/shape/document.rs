//! Defines the two installations that together are the documented example of a report.

use super::{
    CallRoute, CloudDatabase, CloudService, ClusterOperator, ExporterKind, FleetShape, NodePlan,
    OutsideService, VersionLoad, WorkloadChange, WorkloadKind, WorkloadPlan, call,
};
use crate::{
    clouds::{HETZNER, MACHINES, MachineType, OVH},
    software::{PGBOUNCER, PLAIN, POSTGRES, REDIS, SimulatedDatabaseKind},
};

/// A version that uses more CPU time and memory than the default and logs fewer errors: `-CPU`, `-Memory` and
/// `+Logs`.
const HUNGRY: VersionLoad = VersionLoad { cpu: 1.5, memory: 1.4, log_errors: 0.25, ..VersionLoad::BASELINE };

/// A rollout every hour, so that any hour has one, with the same number of ended pods. The summary of the
/// first one is known soon: it takes half an hour after its end, and Prometheus shows imported series for
/// five minutes after their last sample.
const HOURLY: WorkloadChange = WorkloadChange::Rollout { at: -2100, every: Some(3600), load: HUNGRY };

impl FleetShape {
    /// A shop in Kubernetes at AWS: 6 nodes, 12 applications, 34 instances.
    #[must_use]
    pub fn document_a() -> Self {
        let deployment = |name, replicas| {
            WorkloadPlan::new(WorkloadKind::Deployment, "shop", name, &PLAIN).replicas(replicas)
        };
        let redis = |name, replicas| {
            let cluster = ClusterOperator::Helm("redis", "cache".to_owned());
            let set = WorkloadPlan::new(WorkloadKind::StatefulSet, "shop", name, &REDIS).cluster(cluster);
            set.replicas(replicas).exported(ExporterKind::ClusterAgent)
        };
        let orders = WorkloadPlan::new(WorkloadKind::StatefulSet, "shop", "orders-db", &POSTGRES).replicas(3);
        let service = |from, to| call(from, to, CallRoute::Service);
        Self {
            nodes: [0, 0, 0, 1, 1].map(|at| node(&MACHINES[at], true)).into(),
            kube_state_metrics: true,
            workloads: vec![
                WorkloadPlan::new(WorkloadKind::DaemonSet, "shop", "ingress", &PLAIN),
                deployment("frontend", 4),
                deployment("catalog", 3),
                deployment("cart", 3),
                deployment("orders", 2).change(HOURLY),
                deployment("payments", 2),
                WorkloadPlan::new(WorkloadKind::Deployment, "shop", "pooler", &PGBOUNCER).replicas(2),
                redis("cache-master", 1),
                redis("cache-replicas", 2),
                orders
                    .cluster(ClusterOperator::Zalando("orders".to_owned()))
                    .exported(ExporterKind::ClusterAgent),
                WorkloadPlan::new(WorkloadKind::CronJob, "shop", "invoices", &PLAIN).replicas(2),
                // Not counted: applications without connections, and those that the built-in categories leave
                // out.
                deployment("status-page", 1),
                WorkloadPlan::new(WorkloadKind::DaemonSet, "kube-system", "kube-proxy", &PLAIN).auxiliary(),
                WorkloadPlan::new(WorkloadKind::Deployment, "kube-system", "coredns", &PLAIN)
                    .replicas(2)
                    .auxiliary(),
                WorkloadPlan::new(WorkloadKind::Deployment, "monitoring", "grafana", &PLAIN).auxiliary(),
            ],
            cloud_databases: vec![CloudDatabase {
                name: "catalog-db".to_owned(),
                service: CloudService::Rds,
                engine: "postgres",
                database: Some(SimulatedDatabaseKind::Postgres),
                port: 5432,
                instances: 1,
                priced: true,
                exported: true,
            }],
            externals: vec![external("api.payments.example", 2)],
            calls: vec![
                service("shop/ingress", "shop/frontend"),
                service("shop/frontend", "shop/catalog"),
                service("shop/frontend", "shop/cart"),
                service("shop/frontend", "shop/orders"),
                call("shop/catalog", "catalog-db", CallRoute::Address),
                service("shop/cart", "shop/cache-master"),
                service("shop/cache-replicas", "shop/cache-master"),
                service("shop/orders", "shop/pooler"),
                service("shop/orders", "shop/payments"),
                service("shop/pooler", "shop/orders-db"),
                call("shop/payments", "api.payments.example", CallRoute::Address),
                service("shop/invoices", "shop/orders-db"),
                service("monitoring/grafana", "kube-system/coredns"),
            ],
        }
    }

    /// Containers and units of systemd on machines of Hetzner and OVH: 4 nodes, 6 applications, 16 instances.
    #[must_use]
    pub fn document_b() -> Self {
        let docker = |name, software, replicas| {
            WorkloadPlan::new(WorkloadKind::Docker, "", name, software).replicas(replicas)
        };
        let unit = |name, software| WorkloadPlan::new(WorkloadKind::Systemd, "", name, software);
        Self {
            nodes: [&HETZNER, &HETZNER, &OVH, &OVH].map(|machine| node(machine, false)).into(),
            workloads: vec![
                docker("web", &PLAIN, 4),
                docker("api", &PLAIN, 4),
                docker("sessions", &REDIS, 1).exported(ExporterKind::ClusterAgent),
                unit("postgresql", &POSTGRES).exported(ExporterKind::ClusterAgent),
                WorkloadPlan::new(WorkloadKind::Nomad, "default", "mail.worker", &PLAIN).replicas(3),
                // Not counted.
                unit("containerd", &PLAIN).replicas(4).auxiliary(),
                unit("ssh", &PLAIN).replicas(4),
            ],
            externals: vec![external("smtp.mail.example", 3)],
            calls: vec![
                call("web", "api", CallRoute::Address),
                call("api", "sessions", CallRoute::Address),
                call("api", "postgresql", CallRoute::Address),
                call("default/mail.worker", "postgresql", CallRoute::Address),
                call("default/mail.worker", "smtp.mail.example", CallRoute::Address),
            ],
            ..Self::default()
        }
    }
}

fn node(machine: &'static MachineType, kubernetes: bool) -> NodePlan {
    NodePlan { agent: true, kubernetes, fargate: false, machine, spot: false }
}

fn external(name: &str, addresses: u32) -> OutsideService {
    OutsideService {
        name: name.to_owned(),
        resolved: true,
        addresses,
        port: 443,
        auxiliary: false,
        balanced: false,
    }
}
