//! Adds what runs in Kubernetes to a random shape.

use super::{
    CallRoute, ClusterOperator, ENVOY, ExporterKind, GO, MONGODB, MYSQL, MYSQL_EXPORTER, NGINX, PLAIN,
    POSTGRES, POSTGRES_EXPORTER, REDIS, REDIS_EXPORTER, STORES, ShapeBuilder, ShapeFeatures, Software,
    VersionLoad, WorkloadChange, WorkloadKind, WorkloadPlan,
};

/// Changes of workloads. Ends are well within the last hour.
const CHANGES: [WorkloadChange; 6] = [
    WorkloadChange::Steady,
    WorkloadChange::Steady,
    WorkloadChange::Restarts(1700),
    WorkloadChange::Shrinks(-1500, 1),
    WorkloadChange::Shrinks(-2100, 2),
    WorkloadChange::Rollout { at: -1800, every: None, load: THRIFTY },
];

/// A version that costs less and logs more.
const THRIFTY: VersionLoad = VersionLoad { cpu: 0.5, memory: 0.6, log_errors: 4.0, ..VersionLoad::BASELINE };

impl ShapeBuilder {
    pub(super) fn add_kubernetes(&mut self, features: &ShapeFeatures) {
        self.add_shop();
        self.add_scheduled(features.kube_state_metrics);
        self.add_exporters();
        self.add_unconnected();
        if features.clusters {
            self.add_clusters();
        }
        if features.fargate.1 > 0 {
            let mut workload =
                WorkloadPlan::new(WorkloadKind::Deployment, "serverless", "resizer", &GO).replicas(2);
            workload.fargate = true;
            self.add(workload);
            self.call_pod("shop/frontend", "serverless/resizer");
        }
        if features.aws {
            self.call_aws("shop/api-1");
            let exporter =
                WorkloadPlan::new(WorkloadKind::Deployment, "shop", "billing-exporter", &POSTGRES_EXPORTER);
            self.add(exporter.exported(ExporterKind::ByInstance));
            self.call("shop/billing-exporter", "billing-db", CallRoute::Address);
        }
        self.add_control_plane();
        self.add_monitoring();
    }

    /// Adds a front end, services behind it, and their databases.
    fn add_shop(&mut self) {
        let replicas = self.random.between(1, 3);
        let mut ingress = WorkloadPlan::new(WorkloadKind::DaemonSet, "ingress", "edge", &NGINX);
        ingress.host_network = self.random.percent(50);
        self.add(ingress);
        self.add(
            WorkloadPlan::new(WorkloadKind::Deployment, "shop", "frontend", &NGINX)
                .replicas(replicas)
                .sidecar(&ENVOY),
        );
        self.call_pod("ingress/edge", "shop/frontend");
        for number in 1..=self.random.between(2, 4) {
            let name = format!("api-{number}");
            let (software, replicas) = (self.service(), self.random.between(1, 3));
            let mut workload =
                WorkloadPlan::new(WorkloadKind::Deployment, "shop", &name, software).replicas(replicas);
            workload.change = CHANGES[self.random.between(0, 5) as usize];
            workload.children =
                u32::from(workload.change == WorkloadChange::Steady && self.random.percent(40));
            self.add(workload);
            self.call_pod("shop/frontend", &format!("shop/{name}"));
            self.add_store(number, &name);
        }
        self.call("shop/api-1", "api.payments.example", CallRoute::Address);
        self.call("shop/api-2", "somewhere", CallRoute::Address);
    }

    fn add_store(&mut self, number: u32, user: &str) {
        let store = format!("store-{number}");
        let software = STORES[self.random.between(0, 10) as usize];
        let replicas = self.random.between(1, 2);
        let mut workload =
            WorkloadPlan::new(WorkloadKind::StatefulSet, "shop", &store, software).replicas(replicas);
        workload.exporter = match self.random.between(0, 3) {
            0 => Some(ExporterKind::ClusterAgent),
            1 => Some(ExporterKind::ByInstance),
            2 => Some(ExporterKind::ByPod),
            _ => None,
        };
        let beside = matches!(workload.exporter, Some(ExporterKind::ByInstance | ExporterKind::ByPod));
        workload.sidecar = exporter_of(software).filter(|_| beside);
        self.add(workload);
        self.call_pod(&format!("shop/{user}"), &format!("shop/{store}"));
    }

    /// Adds scheduled and finished work. Only agents see instances of cron jobs, so these must not call what
    /// agents do not know.
    fn add_scheduled(&mut self, kube_state_metrics: bool) {
        let nodes = self.random.between(1, 3);
        self.add(WorkloadPlan::new(WorkloadKind::CronJob, "shop", "invoices", &PLAIN).replicas(nodes));
        // Each is an application of its own, despite the suffix of its name.
        for job in ["import-1", "import-2"] {
            self.add(WorkloadPlan::new(WorkloadKind::Job, "shop", job, &PLAIN));
        }
        for replica_set in ["canary-a", "canary-b"] {
            self.add(WorkloadPlan::new(WorkloadKind::ReplicaSet, "shop", replica_set, &PLAIN));
        }
        self.add(WorkloadPlan::new(WorkloadKind::CronJob, "shop", "tidy-up", &PLAIN));
        if kube_state_metrics {
            self.call_pod("shop/invoices", "shop/store-1");
        } else {
            self.call("shop/invoices", "hooks.chat.example", CallRoute::Address);
        }
        for caller in ["import-1", "import-2", "canary-a", "canary-b"] {
            self.call_pod(&format!("shop/{caller}"), "shop/store-2");
        }
    }

    /// Adds exporters that are applications of their own. Their metrics count for the database that they
    /// call.
    fn add_exporters(&mut self) {
        if self.random.percent(60) {
            self.add(WorkloadPlan::new(WorkloadKind::StatefulSet, "data", "books", &MYSQL));
            let exporter =
                WorkloadPlan::new(WorkloadKind::Deployment, "data", "books-exporter", &MYSQL_EXPORTER);
            self.add(exporter.exported(ExporterKind::ByInstance));
            self.call_pod("data/books-exporter", "data/books");
        }
        if self.random.percent(60) {
            let exporter =
                WorkloadPlan::new(WorkloadKind::Deployment, "data", "legacy-exporter", &MYSQL_EXPORTER);
            self.add(exporter.exported(ExporterKind::ByPod));
            self.call("data/legacy-exporter", "legacy-mysql", CallRoute::Address);
        }
    }

    /// Adds applications without connections, or only with connections that do not count.
    fn add_unconnected(&mut self) {
        self.add(WorkloadPlan::new(WorkloadKind::Deployment, "misc", "lonely", &GO).replicas(2));
        self.add(WorkloadPlan::new(WorkloadKind::BarePod, "misc", "debug-shell", &PLAIN));
        self.add(WorkloadPlan::new(WorkloadKind::StaticPods, "misc", "keepalived", &PLAIN).replicas(2));
        // All its pods have ended, so its calls count neither for it nor for its callees.
        self.add(
            WorkloadPlan::new(WorkloadKind::Deployment, "misc", "migrated", &GO)
                .replicas(0)
                .change(WorkloadChange::Shrinks(-1500, 2)),
        );
        self.add(WorkloadPlan::new(WorkloadKind::Deployment, "misc", "orphan", &GO));
        self.call_pod("misc/migrated", "misc/orphan");
        self.call("misc/migrated", "nobody.example", CallRoute::Address);
        // A call that reaches no pod counts for the callee.
        self.add(WorkloadPlan::new(WorkloadKind::Deployment, "misc", "prober", &GO));
        self.add(WorkloadPlan::new(WorkloadKind::Deployment, "misc", "down", &GO));
        self.call("misc/prober", "misc/down", CallRoute::ServiceInVain);
        // Only an auxiliary application calls it.
        self.add(WorkloadPlan::new(WorkloadKind::Deployment, "misc", "scraped", &GO));
        self.add(WorkloadPlan::new(WorkloadKind::Deployment, "misc", "licensed", &GO));
        self.call("misc/licensed", "coroot.com", CallRoute::Address);
    }

    fn add_clusters(&mut self) {
        let set = |name: &str, kind, software, cluster| {
            WorkloadPlan::new(kind, "db", name, software).cluster(cluster)
        };
        let own = |name: &str| name.to_owned();
        for (workload, is_called) in [
            (
                set(
                    "zalando",
                    WorkloadKind::StatefulSet,
                    &POSTGRES,
                    ClusterOperator::Zalando(own("acid-main")),
                )
                .replicas(2),
                true,
            ),
            (
                set("native", WorkloadKind::Operated, &POSTGRES, ClusterOperator::CloudNative(own("native")))
                    .replicas(3),
                true,
            ),
            (
                set(
                    "crunchy-a",
                    WorkloadKind::StatefulSet,
                    &POSTGRES,
                    ClusterOperator::Crunchy(own("crunchy")),
                ),
                true,
            ),
            (
                set(
                    "crunchy-b",
                    WorkloadKind::StatefulSet,
                    &POSTGRES,
                    ClusterOperator::Crunchy(own("crunchy")),
                ),
                false,
            ),
            (
                set("edb", WorkloadKind::Operated, &POSTGRES, ClusterOperator::Edb(own("edb"))).replicas(2),
                false,
            ),
            (
                set("stack", WorkloadKind::StatefulSet, &POSTGRES, ClusterOperator::StackGres(own("stack"))),
                true,
            ),
            (
                set("psmdb-rs0", WorkloadKind::StatefulSet, &MONGODB, ClusterOperator::Percona(own("psmdb")))
                    .replicas(3),
                true,
            ),
            (
                set(
                    "cache-master",
                    WorkloadKind::StatefulSet,
                    &REDIS,
                    ClusterOperator::Helm("redis", own("cache")),
                ),
                true,
            ),
            (
                set(
                    "cache-replicas",
                    WorkloadKind::StatefulSet,
                    &REDIS,
                    ClusterOperator::Helm("redis", own("cache")),
                ),
                false,
            ),
        ] {
            let name = format!("db/{}", workload.name);
            let exporter = self.random.percent(50).then_some(ExporterKind::ClusterAgent);
            self.add(WorkloadPlan { exporter, ..workload });
            if is_called && self.random.percent(60) {
                self.call_pod("shop/api-1", &name);
            }
        }
        // Calls within a cluster are calls within one application.
        self.call_pod("db/cache-replicas", "db/cache-master");
        self.call_pod("db/crunchy-b", "db/crunchy-a");
    }
}

fn exporter_of(software: &Software) -> Option<&'static Software> {
    match software.image {
        "postgres" => Some(&POSTGRES_EXPORTER),
        "mysql" => Some(&MYSQL_EXPORTER),
        "redis" => Some(&REDIS_EXPORTER),
        _ => None,
    }
}
