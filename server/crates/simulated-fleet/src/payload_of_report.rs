//! Makes a payload of what a report tells.

use std::collections::BTreeMap;

use headcount_shared::{
    breakpoint::Breakpoint,
    payload::{
        AlertingIntegration, DatabaseType, InfraSection, InspectionOverrides, InstanceSection,
        IntegrationSection, Payload, ProfileSection, StackSection, UxSection,
    },
};

use crate::{
    installation_traits::InstallationTraits,
    known_names::{CLOUDS, INSPECTIONS, PAGES, SERVICES, SUMMARIES, WeightedName},
    performance_section::MeasuredTimes,
    report_state::{SimulatedReportState, positions},
    report_use::ReportUse,
};

/// The payload of a report, without profiles.
pub(crate) fn payload(
    seed: u64,
    installation: &InstallationTraits,
    version: &str,
    state: &SimulatedReportState,
    shown: &ReportUse,
    times: MeasuredTimes,
) -> Payload {
    let MeasuredTimes { section, world_load, audit } = times;
    let [projects, applications, nodes, instances, _] = state.sizes;
    let mut users: Vec<_> =
        shown.browsers.iter().map(|browser| installation.browser_uuid(seed, *browser)).collect();
    users.sort_unstable();
    Payload {
        instance: InstanceSection {
            uuid: installation.uuid,
            version: version.to_owned(),
            database_type: if state.is_postgres { DatabaseType::Postgres } else { DatabaseType::Sqlite },
        },
        integration: integration(state),
        stack: StackSection {
            clouds: names_of_set(state.clouds, &CLOUDS),
            services: names_of_set(state.services, &SERVICES),
            instrumented_service: names_of_set(state.instrumented, &SERVICES),
        },
        infra: InfraSection {
            projects,
            applications,
            nodes,
            instances,
            deployments: state.deployments,
            deployment_summaries: named_counts(&SUMMARIES, &state.summaries),
        },
        ux: UxSection {
            users_by_screen_size: above_zero(&Breakpoint::ALL, &shown.screens),
            users,
            page_views: named_counts(&PAGES, &shown.views),
            world_load_time_avg: world_load,
            audit_time_avg: audit,
            sent_notifications: above_zero(&AlertingIntegration::ALL, &state.notifications),
        },
        performance: section,
        profile: ProfileSection::default(),
    }
}

fn integration(state: &SimulatedReportState) -> IntegrationSection {
    let [
        prometheus,
        node_agent,
        is_kubernetes,
        kube_state_metrics,
        cloud_costs,
        clickhouse,
        tracing,
        logs,
        profiles,
        _,
    ] = state.flags;
    let overridden = |(inspection, project_level, application_level): &(usize, u64, u64)| {
        let (name, _) = INSPECTIONS.get(*inspection)?;
        let counts =
            InspectionOverrides { project_level: *project_level, application_level: *application_level };
        Some(((*name).to_owned(), counts))
    };
    let alerting = positions(state.alerting);
    IntegrationSection {
        prometheus,
        node_agent,
        kube_state_metrics: is_kubernetes.then_some(kube_state_metrics),
        inspection_overrides: state.overrides.iter().filter_map(overridden).collect(),
        application_categories: state.sizes[4],
        alerting_integrations: alerting.filter_map(|at| AlertingIntegration::ALL.get(at).copied()).collect(),
        cloud_costs,
        clickhouse,
        tracing,
        logs,
        profiles,
    }
}

/// The names of a set, sorted.
fn names_of_set(set: u64, names: &[WeightedName]) -> Vec<String> {
    let names = positions(set).filter_map(|position| names.get(position));
    let mut names: Vec<_> = names.map(|(name, _)| (*name).to_owned()).collect();
    names.sort_unstable();
    names
}

fn named_counts(names: &[WeightedName], counts: &[u64]) -> BTreeMap<String, u64> {
    let counted = names.iter().zip(counts).filter(|(_, count)| **count > 0);
    counted.map(|((name, _), count)| ((*name).to_owned(), *count)).collect()
}

fn above_zero<K: Copy + Ord>(keys: &[K], counts: &[u64]) -> BTreeMap<K, u64> {
    keys.iter().copied().zip(counts.iter().copied()).filter(|(_, count)| *count > 0).collect()
}
