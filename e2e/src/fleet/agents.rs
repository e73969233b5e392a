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
    life::Life,
    model::Model,
    series::{Labels, Series, Value},
};

/// All series, each from its begin to its end.
pub(crate) fn series(model: &Model) -> Vec<Series> {
    let mut speech = Speech { always: Life::since(model.begin), said: Vec::new(), targets: BTreeSet::new() };
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
struct Speech {
    always: Life,
    said: Vec<Series>,
    targets: BTreeSet<(String, String)>,
}

impl Speech {
    /// The labels of a scrape target. The first use of a target adds its series `up`.
    fn target(&mut self, job: &str, instance: &str) -> Labels {
        let labels = Labels::default().and(&[("job", &job), ("instance", &instance)]);
        if self.targets.insert((job.to_owned(), instance.to_owned())) {
            self.said.push(Series::new("up", &labels, self.always, Value::Is(1.0)));
        }
        labels
    }

    fn say(&mut self, name: &'static str, labels: &Labels, life: Life, value: Value) {
        self.said.push(Series::new(name, labels, life, value));
    }
}
