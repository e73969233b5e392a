//! Adds what runs on machines outside of Kubernetes to a random shape.

use super::{
    CallRoute, ExporterKind, JAVA, MONGODB, MYSQL, MYSQL_EXPORTER, NGINX, POSTGRES, REDIS, ShapeBuilder,
    ShapeFeatures, WorkloadChange, WorkloadKind, WorkloadPlan,
};

impl ShapeBuilder {
    pub(super) fn add_hosts(&mut self, features: &ShapeFeatures) {
        let machines = self.random.between(1, 3);
        let software = self.service();
        self.add(WorkloadPlan::new(WorkloadKind::Docker, "", "web", &NGINX).replicas(machines));
        self.add(
            WorkloadPlan::new(WorkloadKind::Docker, "", "backend", software)
                .replicas(machines)
                .change(WorkloadChange::Restarts(1300)),
        );
        self.add(
            WorkloadPlan::new(WorkloadKind::Systemd, "", "postgresql", &POSTGRES)
                .exported(ExporterKind::ClusterAgent),
        );
        self.call("web", "backend", CallRoute::Address);
        self.call("backend", "postgresql", CallRoute::Address);
        self.call("backend", "hooks.chat.example", CallRoute::Address);
        if self.random.percent(60) {
            self.add(WorkloadPlan::new(WorkloadKind::Docker, "", "orders", &MYSQL));
            let exporter = WorkloadPlan::new(WorkloadKind::Docker, "", "orders-exporter", &MYSQL_EXPORTER);
            self.add(exporter.exported(ExporterKind::ByInstance));
            self.call("orders-exporter", "orders", CallRoute::Address);
        }
        if self.random.percent(60) {
            // On the same machines, over the loopback address.
            self.add(WorkloadPlan::new(WorkloadKind::Systemd, "", "redis-server", &REDIS).replicas(9));
            self.add(WorkloadPlan::new(WorkloadKind::Systemd, "", "queue", &JAVA).replicas(9));
            self.call("queue", "redis-server", CallRoute::Loopback);
        }
        if self.random.percent(60) {
            self.add(
                WorkloadPlan::new(WorkloadKind::Lxc, "", "archive", &MONGODB)
                    .exported(ExporterKind::ClusterAgent),
            );
            self.call("web", "archive", CallRoute::Address);
        }
        if features.aws {
            self.call_aws("backend");
        }
        self.add_system_units(features.kubernetes.1 > 0);
    }

    pub(super) fn add_orchestrators(&mut self) {
        let (more, software) = (self.random.between(1, 4), self.service());
        self.add(
            WorkloadPlan::new(WorkloadKind::Nomad, "default", "billing.worker", software).replicas(more),
        );
        self.add(WorkloadPlan::new(WorkloadKind::Nomad, "default", "batch.nightly", &JAVA));
        self.add(
            WorkloadPlan::new(WorkloadKind::Swarm, "stack", "gateway", &NGINX)
                .replicas(2)
                .change(WorkloadChange::Shrinks(-1600, 1)),
        );
        self.call("stack/gateway", "default/billing.worker", CallRoute::Address);
        self.call("default/billing.worker", "api.payments.example", CallRoute::Address);
    }
}
