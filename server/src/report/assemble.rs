//! Assembles the payload of a report from its sources.
//!
//! A section comes from exactly one place; `docs/sources.md` has the list.

use std::{collections::BTreeMap, fmt::Debug, pin::Pin};

use base64::{Engine, engine::general_purpose::STANDARD};
use headcount_profiler::process_costs::ProcessCosts;
use headcount_shared::payload::{
    AlertingIntegration, ConstructorPerformance, InfraSection, InstanceSection, IntegrationSection, Payload,
    PerformanceSection, ProfileSection, StackSection, UxSection,
};
use uuid::Uuid;

use super::rounding::round_report;
use crate::browsers::PageViewCounts;

/// What an installation observes and what its operator configured: the part of the report that differs from
/// product to product.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The section `integration`.
    pub integration: IntegrationSection,
    /// The section `stack`.
    pub stack: StackSection,
    /// The section `infra`.
    pub infra: InfraSection,
    /// The costs of observing, in `performance`.
    pub constructor: ConstructorPerformance,
    /// The mean time of loading a world from the cache, in seconds; 0 if none was loaded.
    pub world_load_time_avg: f64,
    /// How many notifications were sent, by type of destination.
    pub sent_notifications: BTreeMap<AlertingIntegration, u64>,
    /// The mean time of auditing a world, in seconds; 0 if none was loaded.
    pub audit_time_avg: f64,
    /// Whether they come from a server that shares its database with others and does not lead them. Its
    /// reports are marked as those of a replica.
    pub replica: bool,
}

/// A future with facts.
pub type FutureFacts<'f> = Pin<Box<dyn Future<Output = Facts> + Send + 'f>>;

/// A source of [`Facts`]. A product with its own numbers implements this.
pub trait Installation: Debug + Send + Sync {
    /// The facts at this moment, and the sums since the last cut. Unknown values have their defaults. Changes
    /// nothing.
    fn facts(&self) -> FutureFacts<'_>;

    /// The same for the report with that id, which is made now: sums start from zero here. The next cut of
    /// this process comes when that report is on disk. The default is for a source without sums.
    fn cut(&self, _report: Uuid) -> FutureFacts<'_> {
        self.facts()
    }
}

/// Everything that goes into a report.
#[derive(Debug, Clone)]
pub struct PayloadSources {
    /// The identity of the installation.
    pub instance: InstanceSection,
    /// What the installation observes.
    pub facts: Facts,
    /// The page views and browsers.
    pub counts: PageViewCounts,
    /// The costs and profiles of the process.
    pub costs: ProcessCosts,
}

/// Makes the payload, with its measured numbers rounded.
#[must_use]
pub fn assemble(sources: PayloadSources) -> Payload {
    let mut report = put_together(sources);
    round_report(&mut report);
    report
}

fn put_together(sources: PayloadSources) -> Payload {
    let PayloadSources { instance, facts, counts, costs: ProcessCosts { samples, profiles } } = sources;
    Payload {
        instance,
        integration: facts.integration,
        stack: facts.stack,
        infra: facts.infra,
        ux: UxSection {
            users_by_screen_size: counts.users_by_screen_size(),
            users: counts.users(),
            page_views: counts.page_views().clone(),
            world_load_time_avg: facts.world_load_time_avg,
            sent_notifications: facts.sent_notifications,
            audit_time_avg: facts.audit_time_avg,
        },
        performance: PerformanceSection {
            constructor: facts.constructor,
            cpu_usage: samples.cpu_usage,
            memory_usage: samples.memory_usage,
        },
        profile: ProfileSection {
            from: profiles.from,
            to: profiles.to,
            cpu: STANDARD.encode(profiles.cpu),
            memory: STANDARD.encode(profiles.memory),
        },
    }
}

/// The bytes that are sent and previewed.
///
/// # Errors
/// None for a payload of [`assemble`]: every map has strings as keys, and every number is finite or becomes
/// `null`.
pub fn encode(payload: &Payload) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(payload)
}

#[cfg(test)]
mod tests {
    use headcount_profiler::{process_costs::ProcessProfiles, process_samples::ProcessSamples};
    use headcount_shared::payload::DatabaseType;

    use super::*;

    #[test]
    fn an_installation_without_prometheus_reports_true_zeros() {
        let instance = InstanceSection {
            uuid: Uuid::from_u128(7),
            version: "1.2.3".to_owned(),
            database_type: DatabaseType::Sqlite,
        };
        let payload = assemble(PayloadSources {
            instance,
            facts: Facts::default(),
            counts: PageViewCounts::default(),
            costs: ProcessCosts {
                samples: ProcessSamples { cpu_usage: vec![0.250_049], memory_usage: vec![65_999] },
                profiles: ProcessProfiles { from: 1, to: 2, cpu: vec![1, 2, 3], memory: Vec::new() },
            },
        });
        let json: serde_json::Value = serde_json::from_slice(&encode(&payload).unwrap()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "instance": {"uuid": "00000000-0000-0000-0000-000000000007", "version": "1.2.3", "database_type": "sqlite"},
                "integration": {
                    "prometheus": false, "node_agent": false, "kube_state_metrics": null, "inspection_overrides": {},
                    "application_categories": 0, "alerting_integrations": [], "cloud_costs": false, "clickhouse": false,
                    "tracing": false, "logs": false, "profiles": false,
                },
                "stack": {"clouds": [], "services": [], "instrumented_service": []},
                "infra": {
                    "projects": 0, "applications": 0, "nodes": 0, "instances": 0, "deployments": 0,
                    "deployment_summaries": {},
                },
                "ux": {
                    "users_by_screen_size": {}, "users": [], "page_views": {}, "world_load_time_avg": 0.0,
                    "audit_time_avg": 0.0, "sent_notifications": {},
                },
                "performance": {
                    "constructor": {"stages": {}, "queries": {}}, "cpu_usage": [0.25], "memory_usage": [65_536],
                },
                "profile": {"from": 1, "to": 2, "cpu": "AQID", "memory": ""},
            })
        );
    }
}
