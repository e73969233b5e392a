//! Generates the model of an installation from a shape.

mod calls;
mod externals;
mod nodes;
mod pods;
mod workloads;

use std::collections::HashMap;

use super::{
    model::{SimulatedApplication, SimulatedModel},
    seeded_random::SeededRandom,
    shape::FleetShape,
};

/// The age of everything at the epoch, in seconds.
const AGE: i64 = 30 * 24 * 3600;

/// A model under construction.
struct ModelBuilder {
    random: SeededRandom,
    /// The time of generation.
    epoch: i64,
    model: SimulatedModel,
    /// The indices of applications, by the names that calls use.
    places: HashMap<String, usize>,
    /// The number of addresses handed out so far.
    addresses: u32,
    /// The last host port that was handed out. No two programs share one, so that they cannot be confused.
    host_port: u16,
}

/// Generates an installation at a moment, in Unix seconds: the same from the same shape, seed and moment.
///
/// # Errors
/// A call refers to something that is not in the shape, or no machine can run a workload.
pub(crate) fn generate(shape: &FleetShape, seed: u64, epoch: i64) -> anyhow::Result<SimulatedModel> {
    let model = SimulatedModel {
        nodes: Vec::new(),
        applications: Vec::new(),
        services: Vec::new(),
        connections: Vec::new(),
        exports: Vec::new(),
        kube_state_metrics: shape.kube_state_metrics,
        begin: epoch - AGE,
    };
    let random = SeededRandom::new(seed);
    let mut builder =
        ModelBuilder { random, epoch, model, places: HashMap::new(), addresses: 0, host_port: 20_000 };
    for plan in &shape.nodes {
        builder.add_node(plan);
    }
    for workload in &shape.workloads {
        builder.add_workload(workload)?;
    }
    for database in &shape.cloud_databases {
        builder.add_cloud_database(database);
    }
    for external in &shape.externals {
        builder.add_external(external);
    }
    for call in &shape.calls {
        builder.add_call(call)?;
    }
    Ok(builder.model)
}

impl ModelBuilder {
    /// Adds an application.
    fn add_application(&mut self, app: SimulatedApplication) {
        let place = self.model.applications.len();
        self.places.insert(app.reference(), place);
        self.model.applications.push(app);
    }

    /// Returns an unused address of a network, which is given by its first two numbers.
    fn address(&mut self, network: &str) -> String {
        self.addresses += 1;
        format!("{network}.{}.{}", self.addresses / 250, self.addresses % 250 + 1)
    }
}
