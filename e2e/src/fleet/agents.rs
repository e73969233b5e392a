//! Exports the metrics of all agents of an installation, one file for each agent.

mod cadvisor;
mod cluster_agent;
mod containers;
mod databases;
mod kube_state_metrics;
mod nodes;
mod runtimes;
mod traffic;

use std::collections::BTreeSet;

use super::{
    life::SimulatedLifetime,
    model::SimulatedModel,
    series::{SeriesLabels, SimulatedSeries, ValueCurve},
};

/// All series, each from its begin to its end.
pub(crate) fn series(model: &SimulatedModel) -> Vec<SimulatedSeries> {
    let mut speech = ExportedSeries {
        always: SimulatedLifetime::since(model.begin),
        said: Vec::new(),
        targets: BTreeSet::new(),
    };
    nodes::speak(model, &mut speech);
    containers::speak(model, &mut speech);
    traffic::speak(model, &mut speech);
    kube_state_metrics::speak(model, &mut speech);
    cadvisor::speak(model, &mut speech);
    cluster_agent::speak(model, &mut speech);
    databases::speak(model, &mut speech);
    speech.said
}

/// The series so far.
struct ExportedSeries {
    always: SimulatedLifetime,
    said: Vec<SimulatedSeries>,
    targets: BTreeSet<(String, String)>,
}

impl ExportedSeries {
    /// The labels of a scrape target. The first use of a target adds its series `up`.
    fn target(&mut self, job: &str, instance: &str) -> SeriesLabels {
        let labels = SeriesLabels::default().and(&[("job", &job), ("instance", &instance)]);
        if self.targets.insert((job.to_owned(), instance.to_owned())) {
            self.said.push(SimulatedSeries::new("up", &labels, self.always, ValueCurve::Is(1.0)));
        }
        labels
    }

    fn say(&mut self, name: &'static str, labels: &SeriesLabels, life: SimulatedLifetime, value: ValueCurve) {
        self.said.push(SimulatedSeries::new(name, labels, life, value));
    }
}
