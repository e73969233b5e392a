//! Defines the two installations that together are the documented example of a report.

use super::{
    CloudDatabase, CloudService, Cluster, Exporter, External, Fate, Kind, Load, NodePlan, Shape, Via,
    Workload, call,
};
use crate::fleet::{
    clouds::{HETZNER, MACHINES, Machine, OVH},
    software::{Database, PGBOUNCER, PLAIN, POSTGRES, REDIS},
};

/// A version that uses more CPU time and memory than the default and logs fewer errors: `-CPU`, `-Memory` and
/// `+Logs`.
const HUNGRY: Load = Load { cpu: 1.5, memory: 1.4, log_errors: 0.25, ..Load::USUAL };

/// A rollout every hour, so that any hour has one, with the same number of ended pods. The summary of the
/// first one is known soon: it takes half an hour after its end, and Prometheus shows imported series for
/// five minutes after their last sample.
const HOURLY: Fate = Fate::Rollout { at: -2100, every: Some(3600), load: HUNGRY };

impl Shape {
    /// A shop in Kubernetes at AWS: 6 nodes, 12 applications, 34 instances.
    #[must_use]
    pub fn document_a() -> Self {
        let deployment =
            |name, replicas| Workload::new(Kind::Deployment, "shop", name, &PLAIN).replicas(replicas);
        let redis = |name, replicas| {
            let cluster = Cluster::Helm("redis", "cache".to_owned());
            let set = Workload::new(Kind::StatefulSet, "shop", name, &REDIS).cluster(cluster);
            set.replicas(replicas).exported(Exporter::ClusterAgent)
        };
        let orders = Workload::new(Kind::StatefulSet, "shop", "orders-db", &POSTGRES).replicas(3);
        let service = |from, to| call(from, to, Via::Service);
        Self {
            nodes: [0, 0, 0, 1, 1].map(|at| node(&MACHINES[at], true)).into(),
            kube_state_metrics: true,
            workloads: vec![
                Workload::new(Kind::DaemonSet, "shop", "ingress", &PLAIN),
                deployment("frontend", 4),
                deployment("catalog", 3),
                deployment("cart", 3),
                deployment("orders", 2).fate(HOURLY),
                deployment("payments", 2),
                Workload::new(Kind::Deployment, "shop", "pooler", &PGBOUNCER).replicas(2),
                redis("cache-master", 1),
                redis("cache-replicas", 2),
                orders.cluster(Cluster::Zalando("orders".to_owned())).exported(Exporter::ClusterAgent),
                Workload::new(Kind::CronJob, "shop", "invoices", &PLAIN).replicas(2),
                // Not counted: applications without connections, and those that the built-in categories leave
                // out.
                deployment("status-page", 1),
                Workload::new(Kind::DaemonSet, "kube-system", "kube-proxy", &PLAIN).auxiliary(),
                Workload::new(Kind::Deployment, "kube-system", "coredns", &PLAIN).replicas(2).auxiliary(),
                Workload::new(Kind::Deployment, "monitoring", "grafana", &PLAIN).auxiliary(),
            ],
            cloud_databases: vec![CloudDatabase {
                name: "catalog-db".to_owned(),
                service: CloudService::Rds,
                engine: "postgres",
                database: Some(Database::Postgres),
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
                call("shop/catalog", "catalog-db", Via::Address),
                service("shop/cart", "shop/cache-master"),
                service("shop/cache-replicas", "shop/cache-master"),
                service("shop/orders", "shop/pooler"),
                service("shop/orders", "shop/payments"),
                service("shop/pooler", "shop/orders-db"),
                call("shop/payments", "api.payments.example", Via::Address),
                service("shop/invoices", "shop/orders-db"),
                service("monitoring/grafana", "kube-system/coredns"),
            ],
        }
    }

    /// Containers and units of systemd on machines of Hetzner and OVH: 4 nodes, 6 applications, 16 instances.
    #[must_use]
    pub fn document_b() -> Self {
        let docker =
            |name, software, replicas| Workload::new(Kind::Docker, "", name, software).replicas(replicas);
        let unit = |name, software| Workload::new(Kind::Systemd, "", name, software);
        Self {
            nodes: [&HETZNER, &HETZNER, &OVH, &OVH].map(|machine| node(machine, false)).into(),
            workloads: vec![
                docker("web", &PLAIN, 4),
                docker("api", &PLAIN, 4),
                docker("sessions", &REDIS, 1).exported(Exporter::ClusterAgent),
                unit("postgresql", &POSTGRES).exported(Exporter::ClusterAgent),
                Workload::new(Kind::Nomad, "default", "mail.worker", &PLAIN).replicas(3),
                // Not counted.
                unit("containerd", &PLAIN).replicas(4).auxiliary(),
                unit("ssh", &PLAIN).replicas(4),
            ],
            externals: vec![external("smtp.mail.example", 3)],
            calls: vec![
                call("web", "api", Via::Address),
                call("api", "sessions", Via::Address),
                call("api", "postgresql", Via::Address),
                call("default/mail.worker", "postgresql", Via::Address),
                call("default/mail.worker", "smtp.mail.example", Via::Address),
            ],
            ..Self::default()
        }
    }
}

fn node(machine: &'static Machine, kubernetes: bool) -> NodePlan {
    NodePlan { agent: true, kubernetes, fargate: false, machine, spot: false }
}

fn external(name: &str, addresses: u32) -> External {
    External {
        name: name.to_owned(),
        resolved: true,
        addresses,
        port: 443,
        auxiliary: false,
        balanced: false,
    }
}
