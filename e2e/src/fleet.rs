//! A simulated fleet: what would agents say of an installation that does not exist, and what is true of it?
//!
//! An installation is invented from a [`Shape`] and a seed. It speaks as agents do, live or about the past, and it knows
//! what a report on it has to say.

mod agents;
mod chance;
pub mod clouds;
mod count;
pub mod endpoint;
mod invent;
mod life;
mod model;
mod openmetrics;
mod pace;
pub mod prices;
mod requests;
mod series;
pub mod shape;
pub mod software;
pub mod truth;
mod usual;

use anyhow::bail;

use self::{
    model::Model,
    series::{Labels, Series},
    shape::Shape,
    truth::Truth,
};

pub use self::openmetrics::write_openmetrics;

/// An installation that does not exist.
#[derive(Debug, Clone)]
pub struct Fleet {
    name: String,
    model: Model,
    /// Sorted by the name of the metric.
    series: Vec<Series>,
}

impl Fleet {
    /// Invents an installation: the same from the same arguments. All its series have the label `fleet` with its `name`,
    /// so that several can share a Prometheus. At `epoch`, in Unix seconds, and for 20 minutes after it, everything is as
    /// the shape says.
    ///
    /// # Errors
    /// The shape does not agree with itself.
    pub fn invent(name: &str, shape: &Shape, seed: u64, epoch: i64) -> anyhow::Result<Self> {
        let model = invent::invent(shape, seed, epoch)?;
        let mut series = agents::series(&model);
        let label = Labels::default().with("fleet", name);
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

    /// What a report made at a moment, in Unix seconds, has to say.
    #[must_use]
    pub fn truth(&self, moment: i64) -> Truth {
        self.model.truth(moment)
    }

    /// The number of series that are exposed at a moment, in Unix seconds.
    #[must_use]
    pub fn series_at(&self, moment: i64) -> usize {
        self.series.iter().filter(|series| series.life.at(moment)).count()
    }

    /// What a scrape at a moment, in Unix seconds, finds, in the text format of Prometheus. Each series has the labels `job`
    /// and `instance` of the agent that it comes from, which a scrape has to honor.
    #[must_use]
    pub fn exposition(&self, moment: i64) -> String {
        let mut text = String::new();
        for series in self.series.iter().filter(|series| series.life.at(moment)) {
            text.push_str(&series.text);
            text.push(' ');
            text.push_str(&series.value(moment).to_string());
            text.push('\n');
        }
        text
    }
}
