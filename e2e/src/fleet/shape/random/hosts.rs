//! Adds what runs on machines outside of Kubernetes to a random shape.

use super::{
    Exporter, Fate, Features, JAVA, Kind, MONGODB, MYSQL, MYSQL_EXPORTER, NGINX, POSTGRES, REDIS, Sketch,
    Via, Workload,
};

impl Sketch {
    pub(super) fn add_hosts(&mut self, features: &Features) {
        let machines = self.chance.between(1, 3);
        let software = self.service();
        self.add(Workload::new(Kind::Docker, "", "web", &NGINX).replicas(machines));
        self.add(
            Workload::new(Kind::Docker, "", "backend", software)
                .replicas(machines)
                .fate(Fate::Restarts(1300)),
        );
        self.add(Workload::new(Kind::Systemd, "", "postgresql", &POSTGRES).exported(Exporter::ClusterAgent));
        self.call("web", "backend", Via::Address);
        self.call("backend", "postgresql", Via::Address);
        self.call("backend", "hooks.chat.example", Via::Address);
        if self.chance.percent(60) {
            self.add(Workload::new(Kind::Docker, "", "orders", &MYSQL));
            let exporter = Workload::new(Kind::Docker, "", "orders-exporter", &MYSQL_EXPORTER);
            self.add(exporter.exported(Exporter::ByInstance));
            self.call("orders-exporter", "orders", Via::Address);
        }
        if self.chance.percent(60) {
            // On the same machines, over the loopback address.
            self.add(Workload::new(Kind::Systemd, "", "redis-server", &REDIS).replicas(9));
            self.add(Workload::new(Kind::Systemd, "", "queue", &JAVA).replicas(9));
            self.call("queue", "redis-server", Via::Loopback);
        }
        if self.chance.percent(60) {
            self.add(Workload::new(Kind::Lxc, "", "archive", &MONGODB).exported(Exporter::ClusterAgent));
            self.call("web", "archive", Via::Address);
        }
        if features.aws {
            self.call_aws("backend");
        }
        self.add_system_units(features.kubernetes.1 > 0);
    }

    pub(super) fn add_orchestrators(&mut self) {
        let (more, software) = (self.chance.between(1, 4), self.service());
        self.add(Workload::new(Kind::Nomad, "default", "billing.worker", software).replicas(more));
        self.add(Workload::new(Kind::Nomad, "default", "batch.nightly", &JAVA));
        self.add(
            Workload::new(Kind::Swarm, "stack", "gateway", &NGINX).replicas(2).fate(Fate::Shrinks(-1600, 1)),
        );
        self.call("stack/gateway", "default/billing.worker", Via::Address);
        self.call("default/billing.worker", "api.payments.example", Via::Address);
    }
}
