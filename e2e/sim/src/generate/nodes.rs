//! Generates the machines.

use super::ModelBuilder;
use crate::{model::SimulatedNode, shape::NodePlan};

impl ModelBuilder {
    pub(super) fn add_node(&mut self, plan: &NodePlan) {
        let number = self.model.nodes.len() + 1;
        let system_uuid = self.random.uuid();
        // On most machines both ids are the same UUID, with and without dashes.
        let same = plan.fargate || self.random.percent(70);
        let machine_id = if same { system_uuid.replace('-', "") } else { self.random.hex(32) };
        let ip = format!("10.0.{}.{}", number / 200, number % 200 + 10);
        let name = if plan.fargate {
            format!("fargate-ip-{}.{}.compute.internal", ip.replace('.', "-"), plan.machine.region)
        } else {
            format!("node-{number}-{}", self.random.hash(4))
        };
        self.model.nodes.push(SimulatedNode {
            name,
            machine_id,
            system_uuid,
            ip,
            agent: plan.agent && !plan.fargate,
            old_agent: same && self.random.percent(25),
            kubernetes: plan.kubernetes || plan.fargate,
            fargate: plan.fargate,
            machine: plan.machine,
            spot: plan.spot,
        });
    }
}
