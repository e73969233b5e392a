//! Simulates a fleet: the metrics that agents would export about an installation that does not exist, and the
//! numbers that a report on it has to have.
//!
//! An installation is generated from a [`FleetShape`] and a seed. Its metrics can be served live or written
//! for the past. The expected numbers come from the model and not from the metrics.

mod agents;
mod baseline;
mod changes;
pub mod check_configs;
pub mod clouds;
pub mod constant_prometheus;
pub mod coroot_projects;
mod costs;
mod count;
pub mod endpoint;
pub mod expected_counts;
mod generate;
mod growth_rate;
mod history;
mod lifetime;
mod model;
pub mod observed_fleets;
mod openmetrics;
pub mod prices;
mod requests;
mod rollouts;
mod seeded_random;
mod series;
mod service_levels;
pub mod shape;
pub mod software;
pub mod stored_history;
mod stored_rollout;

use std::collections::BTreeMap;

use anyhow::bail;

use self::{
    expected_counts::ExpectedCounts,
    growth_rate::TimeSpan,
    model::SimulatedModel,
    series::{SeriesLabels, SimulatedSeries},
    shape::FleetShape,
};

pub use self::{
    openmetrics::write_openmetrics, service_levels::MissedSloSeverity, stored_rollout::CorootRolloutRow,
};

/// A simulated installation.
#[derive(Debug, Clone)]
pub struct SimulatedInfrastructure {
    name: String,
    model: SimulatedModel,
    /// Sorted by the name of the metric.
    series: Vec<SimulatedSeries>,
}

impl SimulatedInfrastructure {
    /// Generates an installation: the same from the same arguments. All its series have the label `fleet`
    /// with its `name`, so that several can share a Prometheus. At `epoch`, in Unix seconds, and for 20
    /// minutes after it, everything is as the shape describes it.
    ///
    /// # Errors
    /// The shape is inconsistent.
    pub fn generate(name: &str, shape: &FleetShape, seed: u64, epoch: i64) -> anyhow::Result<Self> {
        let model = generate::generate(shape, seed, epoch)?;
        let mut series = agents::series(&model);
        let label = SeriesLabels::default().with("fleet", name);
        for one in &mut series {
            one.add(&label);
        }
        series.sort_by(|one, another| (one.name, &one.text).cmp(&(another.name, &another.text)));
        if let Some([twice, _]) = series.array_windows().find(|[one, another]| one.text == another.text) {
            bail!("two series are the same: {}", twice.text);
        }
        Ok(Self { name: name.to_owned(), model, series })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The label selector of its series, as a project has it.
    #[must_use]
    pub fn selector(&self) -> String {
        format!("{{fleet=\"{}\"}}", self.name)
    }

    /// The numbers that a report made at a moment, in Unix seconds, has to have.
    #[must_use]
    pub fn expected_counts(&self, moment: i64) -> ExpectedCounts {
        self.model.expected_counts(moment)
    }

    /// The number of rollouts of counted applications that start in a time range, in Unix seconds, its end
    /// excluded.
    #[must_use]
    pub fn deployments_between(&self, from: i64, until: i64) -> u64 {
        self.model.deployments_in(TimeSpan { from, until })
    }

    /// How often each change (`+CPU`, `-Logs` and so on) that rollouts of counted applications made becomes
    /// known in a time range, in Unix seconds, its end excluded. It becomes known 30 minutes after a rollout
    /// has finished. Rollouts that started before `known_since` are unknown to the server, so they are not
    /// compared with.
    #[must_use]
    pub fn summaries_between(&self, from: i64, until: i64, known_since: i64) -> BTreeMap<String, u64> {
        self.model.summaries_in(TimeSpan { from, until }, known_since)
    }

    /// The rows that an earlier server has stored at a moment, in Unix seconds: for each Deployment with
    /// rollouts, the newest one whose costs were known then.
    #[must_use]
    pub fn stored_rollouts(&self, moment: i64) -> Vec<CorootRolloutRow> {
        self.model.stored_rollouts(moment)
    }

    /// The applications whose service level is missed at a moment, and so have an open incident, by the names
    /// that calls use, for a server that has observed the fleet since another moment. Times are Unix seconds.
    /// A server that rounds to slots of minutes sees begin and end later.
    #[must_use]
    pub fn missed_levels(&self, moment: i64, since: i64) -> BTreeMap<String, MissedSloSeverity> {
        self.model.missed_levels(moment, since)
    }

    /// The number of exposed series at a moment, in Unix seconds.
    #[must_use]
    pub fn series_at(&self, moment: i64) -> usize {
        self.series.iter().filter(|series| series.lifetime.at(moment)).count()
    }

    /// The metrics at a moment, in Unix seconds, in the text format of Prometheus. Each series has the labels
    /// `job` and `instance` of its agent, which a scrape has to honor.
    #[must_use]
    pub fn exposition(&self, moment: i64) -> String {
        let mut text = String::new();
        for series in self.series.iter().filter(|series| series.lifetime.at(moment)) {
            text.push_str(&series.text);
            text.push(' ');
            text.push_str(&series.value(moment).to_string());
            text.push('\n');
        }
        text
    }
}
