//! Which two installations are together as large as the one in `usage-statistics.md`?

use crate::fleet::{clouds::MACHINES, shape::*, software::*};

impl Shape {
    /// A shop in Kubernetes at AWS.
    #[must_use]
    pub fn document_a() -> Self {
        let node = |machine| NodePlan { agent: true, kubernetes: true, fargate: false, machine, spot: false };
        Self {
            nodes: vec![node(&MACHINES[0]), node(&MACHINES[0]), node(&MACHINES[1])],
            kube_state_metrics: true,
            workloads: vec![
                Workload::new(Kind::Deployment, "shop", "frontend", &NODEJS).replicas(3),
                Workload::new(Kind::StatefulSet, "shop", "orders-db", &POSTGRES)
                    .replicas(2)
                    .exported(Exporter::ClusterAgent),
            ],
            calls: vec![call("shop/frontend", "shop/orders-db", Via::Service)],
            ..Self::default()
        }
    }
}

impl Shape {
    /// Another.
    #[must_use]
    pub fn document_b() -> Self {
        Self::document_a()
    }
}
