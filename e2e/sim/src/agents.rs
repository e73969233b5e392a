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
    lifetime::SimulatedLifetime,
    model::SimulatedModel,
    series::{SeriesLabels, SimulatedSeries, ValueCurve},
};

/// All series, each from its begin to its end.
pub(crate) fn series(model: &SimulatedModel) -> Vec<SimulatedSeries> {
    let mut exported = ExportedSeries {
        always: SimulatedLifetime::since(model.begin),
        series: Vec::new(),
        targets: BTreeSet::new(),
    };
    nodes::export(model, &mut exported);
    containers::export(model, &mut exported);
    traffic::export(model, &mut exported);
    kube_state_metrics::export(model, &mut exported);
    cadvisor::export(model, &mut exported);
    cluster_agent::export(model, &mut exported);
    databases::export(model, &mut exported);
    exported.series
}

/// The series so far.
struct ExportedSeries {
    always: SimulatedLifetime,
    series: Vec<SimulatedSeries>,
    targets: BTreeSet<(String, String)>,
}

impl ExportedSeries {
    /// The labels of a scrape target. The first use of a target adds its series `up`.
    fn target(&mut self, job: &str, instance: &str) -> SeriesLabels {
        let labels = SeriesLabels::default().and(&[("job", &job), ("instance", &instance)]);
        if self.targets.insert((job.to_owned(), instance.to_owned())) {
            self.series.push(SimulatedSeries::new("up", &labels, self.always, ValueCurve::Is(1.0)));
        }
        labels
    }

    fn add(
        &mut self,
        name: &'static str,
        labels: &SeriesLabels,
        lifetime: SimulatedLifetime,
        value: ValueCurve,
    ) {
        self.series.push(SimulatedSeries::new(name, labels, lifetime, value));
    }
}
