//! Adds what runs in Kubernetes to a random shape.

use super::{
    Cluster, ENVOY, Exporter, Fate, Features, GO, Kind, Load, MONGODB, MYSQL, MYSQL_EXPORTER, NGINX, PLAIN,
    POSTGRES, POSTGRES_EXPORTER, REDIS, REDIS_EXPORTER, STORES, Sketch, Software, Via, Workload,
};

/// Changes of workloads. Ends are well within the last hour.
const FATES: [Fate; 6] = [
    Fate::Steady,
    Fate::Steady,
    Fate::Restarts(1700),
    Fate::Shrinks(-1500, 1),
    Fate::Shrinks(-2100, 2),
    Fate::Rollout { at: -1800, every: None, load: THRIFTY },
];

/// A version that costs less and logs more.
const THRIFTY: Load = Load { cpu: 0.5, memory: 0.6, log_errors: 4.0, ..Load::USUAL };

impl Sketch {
    pub(super) fn add_kubernetes(&mut self, features: &Features) {
        self.add_shop();
        self.add_scheduled(features.kube_state_metrics);
        self.add_exporters();
        self.add_unconnected();
        if features.clusters {
            self.add_clusters();
        }
        if features.fargate.1 > 0 {
            let mut workload = Workload::new(Kind::Deployment, "serverless", "resizer", &GO).replicas(2);
            workload.fargate = true;
            self.add(workload);
            self.call_pod("shop/frontend", "serverless/resizer");
        }
        if features.aws {
            self.call_aws("shop/api-1");
            let exporter = Workload::new(Kind::Deployment, "shop", "billing-exporter", &POSTGRES_EXPORTER);
            self.add(exporter.exported(Exporter::ByInstance));
            self.call("shop/billing-exporter", "billing-db", Via::Address);
        }
        self.add_control_plane();
        self.add_monitoring();
    }

    /// Adds a front end, services behind it, and their databases.
    fn add_shop(&mut self) {
        let replicas = self.chance.between(1, 3);
        let mut ingress = Workload::new(Kind::DaemonSet, "ingress", "edge", &NGINX);
        ingress.host_network = self.chance.percent(50);
        self.add(ingress);
        self.add(
            Workload::new(Kind::Deployment, "shop", "frontend", &NGINX).replicas(replicas).sidecar(&ENVOY),
        );
        self.call_pod("ingress/edge", "shop/frontend");
        for number in 1..=self.chance.between(2, 4) {
            let name = format!("api-{number}");
            let (software, replicas) = (self.service(), self.chance.between(1, 3));
            let mut workload = Workload::new(Kind::Deployment, "shop", &name, software).replicas(replicas);
            workload.fate = FATES[self.chance.between(0, 5) as usize];
            workload.children = u32::from(workload.fate == Fate::Steady && self.chance.percent(40));
            self.add(workload);
            self.call_pod("shop/frontend", &format!("shop/{name}"));
            self.add_store(number, &name);
        }
        self.call("shop/api-1", "api.payments.example", Via::Address);
        self.call("shop/api-2", "somewhere", Via::Address);
    }

    fn add_store(&mut self, number: u32, user: &str) {
        let store = format!("store-{number}");
        let software = STORES[self.chance.between(0, 10) as usize];
        let replicas = self.chance.between(1, 2);
        let mut workload = Workload::new(Kind::StatefulSet, "shop", &store, software).replicas(replicas);
        workload.exporter = match self.chance.between(0, 3) {
            0 => Some(Exporter::ClusterAgent),
            1 => Some(Exporter::ByInstance),
            2 => Some(Exporter::ByPod),
            _ => None,
        };
        let beside = matches!(workload.exporter, Some(Exporter::ByInstance | Exporter::ByPod));
        workload.sidecar = exporter_of(software).filter(|_| beside);
        self.add(workload);
        self.call_pod(&format!("shop/{user}"), &format!("shop/{store}"));
    }

    /// Adds scheduled and finished work. Only agents see instances of cron jobs, so these must not call what
    /// agents do not know.
    fn add_scheduled(&mut self, kube_state_metrics: bool) {
        let nodes = self.chance.between(1, 3);
        self.add(Workload::new(Kind::CronJob, "shop", "invoices", &PLAIN).replicas(nodes));
        // Each is an application of its own, despite the suffix of its name.
        for job in ["import-1", "import-2"] {
            self.add(Workload::new(Kind::Job, "shop", job, &PLAIN));
        }
        for replica_set in ["canary-a", "canary-b"] {
            self.add(Workload::new(Kind::ReplicaSet, "shop", replica_set, &PLAIN));
        }
        self.add(Workload::new(Kind::CronJob, "shop", "tidy-up", &PLAIN));
        if kube_state_metrics {
            self.call_pod("shop/invoices", "shop/store-1");
        } else {
            self.call("shop/invoices", "hooks.chat.example", Via::Address);
        }
        for caller in ["import-1", "import-2", "canary-a", "canary-b"] {
            self.call_pod(&format!("shop/{caller}"), "shop/store-2");
        }
    }

    /// Adds exporters that are applications of their own. Their metrics count for the database that they
    /// call.
    fn add_exporters(&mut self) {
        if self.chance.percent(60) {
            self.add(Workload::new(Kind::StatefulSet, "data", "books", &MYSQL));
            let exporter = Workload::new(Kind::Deployment, "data", "books-exporter", &MYSQL_EXPORTER);
            self.add(exporter.exported(Exporter::ByInstance));
            self.call_pod("data/books-exporter", "data/books");
        }
        if self.chance.percent(60) {
            let exporter = Workload::new(Kind::Deployment, "data", "legacy-exporter", &MYSQL_EXPORTER);
            self.add(exporter.exported(Exporter::ByPod));
            self.call("data/legacy-exporter", "legacy-mysql", Via::Address);
        }
    }

    /// Adds applications without connections, or only with connections that do not count.
    fn add_unconnected(&mut self) {
        self.add(Workload::new(Kind::Deployment, "misc", "lonely", &GO).replicas(2));
        self.add(Workload::new(Kind::BarePod, "misc", "debug-shell", &PLAIN));
        self.add(Workload::new(Kind::StaticPods, "misc", "keepalived", &PLAIN).replicas(2));
        // All its pods have ended, so its calls count neither for it nor for its callees.
        self.add(
            Workload::new(Kind::Deployment, "misc", "migrated", &GO)
                .replicas(0)
                .fate(Fate::Shrinks(-1500, 2)),
        );
        self.add(Workload::new(Kind::Deployment, "misc", "orphan", &GO));
        self.call_pod("misc/migrated", "misc/orphan");
        self.call("misc/migrated", "nobody.example", Via::Address);
        // A call that reaches no pod counts for the callee.
        self.add(Workload::new(Kind::Deployment, "misc", "prober", &GO));
        self.add(Workload::new(Kind::Deployment, "misc", "down", &GO));
        self.call("misc/prober", "misc/down", Via::ServiceInVain);
        // Only an auxiliary application calls it.
        self.add(Workload::new(Kind::Deployment, "misc", "scraped", &GO));
        self.add(Workload::new(Kind::Deployment, "misc", "licensed", &GO));
        self.call("misc/licensed", "coroot.com", Via::Address);
    }

    fn add_clusters(&mut self) {
        let set =
            |name: &str, kind, software, cluster| Workload::new(kind, "db", name, software).cluster(cluster);
        let own = |name: &str| name.to_owned();
        for (workload, is_called) in [
            (
                set("zalando", Kind::StatefulSet, &POSTGRES, Cluster::Zalando(own("acid-main"))).replicas(2),
                true,
            ),
            (set("native", Kind::Operated, &POSTGRES, Cluster::CloudNative(own("native"))).replicas(3), true),
            (set("crunchy-a", Kind::StatefulSet, &POSTGRES, Cluster::Crunchy(own("crunchy"))), true),
            (set("crunchy-b", Kind::StatefulSet, &POSTGRES, Cluster::Crunchy(own("crunchy"))), false),
            (set("edb", Kind::Operated, &POSTGRES, Cluster::Edb(own("edb"))).replicas(2), false),
            (set("stack", Kind::StatefulSet, &POSTGRES, Cluster::StackGres(own("stack"))), true),
            (set("psmdb-rs0", Kind::StatefulSet, &MONGODB, Cluster::Percona(own("psmdb"))).replicas(3), true),
            (set("cache-master", Kind::StatefulSet, &REDIS, Cluster::Helm("redis", own("cache"))), true),
            (set("cache-replicas", Kind::StatefulSet, &REDIS, Cluster::Helm("redis", own("cache"))), false),
        ] {
            let name = format!("db/{}", workload.name);
            let exporter = self.chance.percent(50).then_some(Exporter::ClusterAgent);
            self.add(Workload { exporter, ..workload });
            if is_called && self.chance.percent(60) {
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
