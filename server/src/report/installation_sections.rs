//! Makes the facts about an installation from its configuration, the ledger and the observed worlds.

use std::collections::BTreeSet;

use headcount_observer::ObservationSummary;
use headcount_shared::payload::{
    ConstructorPerformance, InfraSection, IntegrationSection, QueryPerformance, StackSection,
};

use super::assemble::Facts;
use crate::store::LedgerCounts;

/// The facts of a server that does not lead: the configuration, without observations.
#[must_use]
pub fn configured_sections(configured: (IntegrationSection, InfraSection)) -> Facts {
    Facts {
        replica: true,
        ..observed_sections(configured, LedgerCounts::default(), &ObservationSummary::default())
    }
}

/// The facts of a server that leads: the configuration, and what was observed and counted.
#[must_use]
pub fn observed_sections(
    (integration, infra): (IntegrationSection, InfraSection),
    counted: LedgerCounts,
    known: &ObservationSummary,
) -> Facts {
    let facts = &known.facts;
    Facts {
        integration: IntegrationSection {
            node_agent: facts.node_agent,
            kube_state_metrics: facts.kube_state_metrics,
            cloud_costs: facts.cloud_costs,
            ..integration
        },
        stack: StackSection {
            clouds: texts(&facts.clouds),
            services: texts(&facts.services),
            instrumented_service: texts(&facts.instrumented_services),
        },
        infra: InfraSection {
            applications: facts.applications,
            nodes: facts.nodes,
            instances: facts.instances,
            deployments: counted.deployments,
            deployment_summaries: counted.deployment_summaries,
            ..infra
        },
        constructor: constructor(known),
        world_load_time_avg: known.loads.mean().as_secs_f64(),
        sent_notifications: counted.sent_notifications,
        audit_time_avg: known.loads.audit_mean().as_secs_f64(),
        replica: false,
    }
}

fn texts(words: &BTreeSet<&'static str>) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn constructor(known: &ObservationSummary) -> ConstructorPerformance {
    let stages = known.loads.stages.iter().map(|(name, time)| ((*name).to_owned(), time.as_secs_f64()));
    let queries = known.queries.0.iter().map(|(name, cost)| {
        let query = QueryPerformance {
            failed: cost.failed,
            query_time: cost.latency.as_secs_f64(),
            metrics_count: cost.series,
        };
        ((*name).to_owned(), query)
    });
    ConstructorPerformance { stages: stages.collect(), queries: queries.collect() }
}
