//! What this installation is: what its operator configured, and what Prometheus says runs there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use headcount_shared::payload::{Constructor, Infra, Integration, Query, Stack};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    report::assemble::{Facts, FutureFacts, Installation},
    settings::Settings,
    world::{Known, World},
};

/// How often the settings are looked at for projects that are new, changed or gone.
const FOLLOW: Duration = Duration::from_secs(5);

/// The settings and the world together.
#[derive(Debug)]
pub(super) struct Installed {
    pub(super) settings: Settings,
    pub(super) world: Arc<World>,
}

impl Installation for Installed {
    fn facts(&self) -> FutureFacts<'_> {
        Box::pin(async { together(self.configured().await, &self.world.peek()) })
    }

    fn cut(&self, _report: Uuid) -> FutureFacts<'_> {
        Box::pin(async { together(self.configured().await, &self.world.cut()) })
    }
}

impl Installed {
    async fn configured(&self) -> (Integration, Infra) {
        self.settings.facts().await.unwrap_or_else(|error| {
            tracing::error!(%error, "the settings could not be read; the report goes without them");
            <(Integration, Infra)>::default()
        })
    }

    /// Tells the world which projects there are, whenever that changes, until `stop`.
    pub(super) async fn follow_projects(&self, stop: &CancellationToken) {
        let mut before = None;
        loop {
            // A database that cannot be read now says nothing about projects.
            if let Ok(projects) = self.settings.observed_projects().await
                && before.as_ref() != Some(&projects)
            {
                self.world.configure(projects.clone());
                before = Some(projects);
            }
            if stop.run_until_cancelled(tokio::time::sleep(FOLLOW)).await.is_none() {
                return;
            }
        }
    }
}

fn together((integration, infra): (Integration, Infra), known: &Known) -> Facts {
    let facts = &known.facts;
    Facts {
        integration: Integration {
            node_agent: facts.node_agent,
            kube_state_metrics: facts.kube_state_metrics,
            cloud_costs: facts.cloud_costs,
            ..integration
        },
        stack: Stack {
            clouds: texts(&facts.clouds),
            services: texts(&facts.services),
            instrumented_service: texts(&facts.instrumented_services),
        },
        infra: Infra {
            applications: facts.applications,
            nodes: facts.nodes,
            instances: facts.instances,
            ..infra
        },
        constructor: constructor(known),
        world_load_time_avg: known.loads.mean().as_secs_f64(),
        sent_notifications: BTreeMap::new(),
        audit_time_avg: known.loads.audit_mean().as_secs_f64(),
    }
}

fn texts(words: &BTreeSet<&'static str>) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn constructor(known: &Known) -> Constructor {
    let stages = known.loads.stages.iter().map(|(name, time)| ((*name).to_owned(), time.as_secs_f64()));
    let queries = known.queries.0.iter().map(|(name, cost)| {
        let query =
            Query { failed: cost.failed, query_time: cost.latency.as_secs_f64(), metrics_count: cost.series };
        ((*name).to_owned(), query)
    });
    Constructor { stages: stages.collect(), queries: queries.collect() }
}
