//! Adds what the built-in categories leave out to a random shape.

use super::{
    CallRoute, DOCKERD, KUBE_APISERVER, KUBELET, PLAIN, PROMETHEUS, ShapeBuilder, WorkloadKind, WorkloadPlan,
};

impl ShapeBuilder {
    pub(super) fn add_control_plane(&mut self) {
        let mut api_server =
            WorkloadPlan::new(WorkloadKind::StaticPods, "kube-system", "kube-apiserver", &KUBE_APISERVER);
        api_server.host_network = true;
        let mut proxy = WorkloadPlan::new(WorkloadKind::DaemonSet, "kube-system", "kube-proxy", &PLAIN);
        proxy.host_network = true;
        self.add(api_server.auxiliary());
        self.add(proxy.auxiliary());
        self.add(
            WorkloadPlan::new(WorkloadKind::Deployment, "kube-system", "coredns", &PLAIN)
                .replicas(2)
                .auxiliary(),
        );
        self.call_pod("shop/frontend", "kube-system/coredns");
    }

    pub(super) fn add_monitoring(&mut self) {
        self.add(
            WorkloadPlan::new(WorkloadKind::StatefulSet, "monitoring", "prometheus", &PROMETHEUS).auxiliary(),
        );
        self.call_pod("monitoring/prometheus", "misc/scraped");
        self.call_pod("monitoring/prometheus", "shop/frontend");
    }

    /// Adds the system units of every machine.
    pub(super) fn add_system_units(&mut self, kubernetes: bool) {
        for (name, software, auxiliary) in [
            ("docker", &DOCKERD, true),
            ("containerd", &PLAIN, true),
            ("systemd-journald", &PLAIN, true),
            ("apt-daily", &PLAIN, true),
            ("ssh", &PLAIN, false),
            ("cron", &PLAIN, false),
        ] {
            let unit = WorkloadPlan::new(WorkloadKind::Systemd, "", name, software).replicas(2);
            self.add(WorkloadPlan { auxiliary, ..unit });
        }
        if kubernetes {
            self.add(WorkloadPlan::new(WorkloadKind::Systemd, "", "kubelet", &KUBELET).auxiliary());
        }
        // Connections of Docker itself are not counted.
        self.call("docker", "registry.example", CallRoute::Address);
    }
}
