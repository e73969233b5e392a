//! Generates a random shape from a seed.

use super::{
    CallRoute, CloudDatabase, CloudService, ClusterOperator, ExporterKind, FleetShape, NodePlan,
    OutsideService, VersionLoad, WorkloadChange, WorkloadKind, WorkloadPlan, call,
};
use crate::{
    clouds::{MACHINES, UNPRICED},
    seeded_random::SeededRandom,
    software::{
        CASSANDRA, CLICKHOUSE, DOCKERD, DOTNET, ENVOY, GO, JAVA, KAFKA, KUBE_APISERVER, KUBELET, MEMCACHED,
        MONGODB, MYSQL, MYSQL_EXPORTER, NATS, NGINX, NODEJS, PHP, PLAIN, POSTGRES, POSTGRES_EXPORTER,
        PROMETHEUS, PYTHON, RABBITMQ, REDIS, REDIS_EXPORTER, SimulatedDatabaseKind, Software,
    },
};

/// The features of an installation. Numbers of nodes are ranges, both ends included.
struct ShapeFeatures {
    /// Machines outside of Kubernetes.
    hosts: (u32, u32),
    /// Nodes of Kubernetes with an agent.
    kubernetes: (u32, u32),
    /// Nodes of Kubernetes without an agent.
    bare: (u32, u32),
    fargate: (u32, u32),
    kube_state_metrics: bool,
    aws: bool,
    clusters: bool,
    orchestrators: bool,
}

const NOTHING: ShapeFeatures = ShapeFeatures {
    hosts: (0, 0),
    kubernetes: (0, 0),
    bare: (0, 0),
    fargate: (0, 0),
    kube_state_metrics: true,
    aws: false,
    clusters: false,
    orchestrators: false,
};

/// Every tenth seed has the same features.
const FEATURES: [ShapeFeatures; 10] = [
    // A little of everything.
    ShapeFeatures {
        hosts: (1, 1),
        kubernetes: (2, 3),
        bare: (1, 1),
        fargate: (1, 1),
        aws: true,
        clusters: true,
        orchestrators: true,
        ..NOTHING
    },
    // Kubernetes at AWS.
    ShapeFeatures { kubernetes: (2, 4), fargate: (1, 2), aws: true, ..NOTHING },
    // No Kubernetes at all.
    ShapeFeatures { hosts: (2, 5), ..NOTHING },
    // Kubernetes that only agents report, without kube-state-metrics.
    ShapeFeatures { hosts: (1, 2), kubernetes: (1, 3), kube_state_metrics: false, ..NOTHING },
    // Nothing but managed databases.
    ShapeFeatures { aws: true, ..NOTHING },
    // Kubernetes without an agent.
    ShapeFeatures { bare: (2, 4), aws: true, clusters: true, ..NOTHING },
    // Other orchestrators.
    ShapeFeatures { hosts: (2, 4), orchestrators: true, ..NOTHING },
    // Database clusters, some of them on nodes without an agent.
    ShapeFeatures { kubernetes: (2, 4), bare: (0, 2), clusters: true, ..NOTHING },
    // Managed databases that machines use.
    ShapeFeatures { hosts: (2, 4), aws: true, orchestrators: true, ..NOTHING },
    // Kubernetes and machines beside it.
    ShapeFeatures { hosts: (1, 3), kubernetes: (2, 4), ..NOTHING },
];

static SERVICES: [&Software; 7] = [&GO, &JAVA, &DOTNET, &PYTHON, &NODEJS, &PHP, &PLAIN];
static STORES: [&Software; 11] = [
    &POSTGRES,
    &MYSQL,
    &REDIS,
    &MONGODB,
    &MEMCACHED,
    &KAFKA,
    &RABBITMQ,
    &NATS,
    &CASSANDRA,
    &CLICKHOUSE,
    &POSTGRES,
];

/// A shape under construction.
struct ShapeBuilder {
    random: SeededRandom,
    shape: FleetShape,
}

impl FleetShape {
    /// Returns the shape of a seed: 2 to 8 machines, or none if everything is managed. The features repeat
    /// with every tenth seed.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let features = &FEATURES[(seed % FEATURES.len() as u64) as usize];
        let shape = Self { kube_state_metrics: features.kube_state_metrics, ..Self::default() };
        let mut builder = ShapeBuilder { random: SeededRandom::new(seed), shape };
        builder.add_nodes(features);
        builder.add_externals();
        if features.aws {
            builder.add_aws();
        }
        if features.kubernetes.1 + features.bare.1 > 0 {
            builder.add_kubernetes(features);
        }
        if features.hosts.1 > 0 {
            builder.add_hosts(features);
        }
        if features.orchestrators {
            builder.add_orchestrators();
        }
        builder.shape
    }
}

impl ShapeBuilder {
    fn add_nodes(&mut self, features: &ShapeFeatures) {
        let unpriced = self.random.percent(30);
        for ((low, high), agent, kubernetes, fargate) in [
            (features.hosts, true, false, false),
            (features.kubernetes, true, true, false),
            (features.bare, false, true, false),
            (features.fargate, false, true, true),
        ] {
            for _ in 0..self.random.between(low, high) {
                let machine = match (fargate, unpriced) {
                    (true, _) => &MACHINES[0],
                    (_, true) => UNPRICED[self.random.between(0, 5) as usize],
                    (_, false) => &MACHINES[self.random.between(0, 6) as usize],
                };
                let spot = self.random.percent(25);
                self.shape.nodes.push(NodePlan { agent, kubernetes, fargate, machine, spot });
            }
        }
    }

    fn add_externals(&mut self) {
        for (name, resolved, port, auxiliary) in [
            ("api.payments.example", true, 443, false),
            ("hooks.chat.example", true, 8443, false),
            ("legacy-mysql", false, 3306, false),
            ("somewhere", false, 17_001, false),
            ("coroot.com", true, 443, true),
            ("registry.example", true, 443, false),
            ("nobody.example", true, 443, false),
        ] {
            let addresses = self.random.between(1, 3);
            let balanced = matches!(name, "hooks.chat.example" | "somewhere");
            let name = name.to_owned();
            self.shape.externals.push(OutsideService {
                name,
                resolved,
                addresses,
                port,
                auxiliary,
                balanced,
            });
        }
    }

    fn add_aws(&mut self) {
        for (name, service, engine, database, port, instances) in [
            ("billing-db", CloudService::Rds, "postgres", Some(SimulatedDatabaseKind::Postgres), 5432, 1),
            ("ledger", CloudService::RdsCluster, "aurora-mysql", Some(SimulatedDatabaseKind::Mysql), 3306, 2),
            ("unused-db", CloudService::Rds, "mysql", Some(SimulatedDatabaseKind::Mysql), 3306, 1),
            ("erp", CloudService::Rds, "oracle-ee", None, 1521, 1),
            ("sessions", CloudService::ElastiCache, "redis", Some(SimulatedDatabaseKind::Redis), 6379, 2),
            (
                "pages",
                CloudService::ElastiCache,
                "memcached",
                Some(SimulatedDatabaseKind::Memcached),
                11_211,
                1,
            ),
        ] {
            // One always exists, for an exporter to call.
            if name != "billing-db" && self.random.percent(30) {
                continue;
            }
            let (priced, exported) = (self.random.percent(60), self.random.percent(60));
            let name = name.to_owned();
            self.shape.cloud_databases.push(CloudDatabase {
                name,
                service,
                engine,
                database,
                port,
                instances,
                priced,
                exported,
            });
        }
    }

    fn add(&mut self, workload: WorkloadPlan) {
        self.shape.workloads.push(workload);
    }

    fn call(&mut self, from: &str, to: &str, via: CallRoute) {
        self.shape.calls.push(call(from, to, via));
    }

    /// Calls some of the managed databases. One is never called.
    fn call_aws(&mut self, from: &str) {
        let names: Vec<String> =
            self.shape.cloud_databases.iter().map(|database| database.name.clone()).collect();
        for name in names.iter().filter(|name| *name != "unused-db") {
            if name == "billing-db" || self.random.percent(60) {
                self.call(from, name, CallRoute::Address);
            }
        }
    }

    /// A pod network call, by address or by service.
    fn call_pod(&mut self, from: &str, to: &str) {
        let via = if self.random.percent(50) { CallRoute::Service } else { CallRoute::Address };
        self.call(from, to, via);
    }

    fn service(&mut self) -> &'static Software {
        SERVICES[self.random.between(0, 6) as usize]
    }
}

mod auxiliary;
mod hosts;
mod kubernetes;
