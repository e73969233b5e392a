//! Counts the rollouts of an installation in a time range, and the changes that they brought.

use std::collections::{BTreeMap, BTreeSet};

use super::{changes::changes, growth_rate::TimeSpan, model::SimulatedModel, rollouts::DeploymentVersion};

impl SimulatedModel {
    /// The number of rollouts of counted applications that started in a time range.
    pub(crate) fn deployments_in(&self, span: TimeSpan) -> u64 {
        let counted = self.counted_at(span.until);
        let rolling = self.rolling().filter(|(application, _)| counted.contains(application));
        // The first version was not rolled out.
        let started = rolling.flat_map(|(_, versions)| versions.into_iter().skip(1).map(|it| it.started));
        started.filter(|started| (span.from..span.until).contains(started)).count() as u64
    }

    /// How often each change by rollouts of counted applications became known in a time range. Rollouts that
    /// started before `known_since` are unknown.
    pub(crate) fn summaries_in(&self, span: TimeSpan, known_since: i64) -> BTreeMap<String, u64> {
        let counted = self.counted_at(span.until);
        let mut summaries = BTreeMap::new();
        for (application, versions) in self.rolling().filter(|(application, _)| counted.contains(application))
        {
            for key in self.changed(application, &versions, span, known_since) {
                *summaries.entry(key.to_owned()).or_default() += 1;
            }
        }
        summaries
    }

    fn changed(
        &self,
        application: usize,
        versions: &[DeploymentVersion],
        span: TimeSpan,
        known_since: i64,
    ) -> Vec<&str> {
        let known = versions.iter().enumerate().filter(|(_, version)| version.started >= known_since);
        let mut previous = None;
        let mut changed = Vec::new();
        for (number, looked_at) in known.filter_map(|(number, version)| Some((number, version.looked_at()?)))
        {
            let costs = self.costs(application, looked_at);
            // The first version is only compared with.
            if number > 0 && (span.from..span.until).contains(&looked_at.until) {
                changed.extend(changes(&costs, previous.as_ref()));
            }
            previous = Some(costs);
        }
        changed
    }

    /// The indices of the counted applications.
    fn counted_at(&self, moment: i64) -> BTreeSet<usize> {
        self.counted_places(moment).into_iter().map(|place| place.application).collect()
    }
}
