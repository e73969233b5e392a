//! Builds a world from the cached answers of Prometheus, stage by stage.
//!
//! Every stage reads answers and the results of earlier stages. No stage reads a clock, a file or the
//! network. The same answers give the same world, in whatever order their series come.

// Shared by the stages.
mod category_patterns;
mod container_index;
mod container_name;
mod glob_pattern;
mod listener_index;
mod managed_databases;
mod named_parts;
mod newest_series;
mod node_index;
mod pod_index;
mod series_fields;
mod symbol_map;
mod world_builder;

// The stages.
mod calc_app_categories;
mod enrich_instances;
mod join_db_cluster;
mod load_aws_status;
mod load_container_logs;
mod load_containers;
mod load_dotnet;
mod load_elasticache;
mod load_elasticache_metadata;
mod load_fargate_containers;
mod load_fargate_nodes;
mod load_fqdn;
mod load_job_statuses;
mod load_jvm;
mod load_k8s_metadata;
mod load_nodes;
mod load_python;
mod load_rds;
mod load_rds_metadata;

use std::{collections::BTreeMap, fmt};

use headcount_prometheus::results::QueryResults;

use self::world_builder::WorldBuilder;
pub use self::{category_patterns::CategoryNames, glob_pattern::is_pattern};
use super::{model::World, prices::CloudPrices};

/// A step in building a world.
#[derive(Debug, Clone, Copy)]
pub struct ConstructorStage {
    /// The name under which reports list its duration.
    pub name: &'static str,
    run: fn(&mut WorldBuilder<'_, '_>),
}

/// All stages in the order in which they run. Each uses the results of those before it.
pub const STAGES: &[ConstructorStage] = &[
    ConstructorStage { name: "load_job_statuses", run: load_job_statuses::run },
    ConstructorStage { name: "load_nodes", run: load_nodes::run },
    ConstructorStage { name: "load_fqdn", run: load_fqdn::run },
    ConstructorStage { name: "load_fargate_nodes", run: load_fargate_nodes::run },
    ConstructorStage { name: "load_k8s_metadata", run: load_k8s_metadata::run },
    ConstructorStage { name: "load_aws_status", run: load_aws_status::run },
    ConstructorStage { name: "load_rds_metadata", run: load_rds_metadata::run },
    ConstructorStage { name: "load_elasticache_metadata", run: load_elasticache_metadata::run },
    ConstructorStage { name: "load_rds", run: load_rds::run },
    ConstructorStage { name: "load_elasticache", run: load_elasticache::run },
    ConstructorStage { name: "load_fargate_containers", run: load_fargate_containers::run },
    ConstructorStage { name: "load_containers", run: load_containers::run },
    ConstructorStage { name: "load_jvm", run: load_jvm::run },
    ConstructorStage { name: "load_dotnet", run: load_dotnet::run },
    ConstructorStage { name: "load_python", run: load_python::run },
    ConstructorStage { name: "enrich_instances", run: enrich_instances::run },
    ConstructorStage { name: "join_db_cluster", run: join_db_cluster::run },
    ConstructorStage { name: "calc_app_categories", run: calc_app_categories::run },
    ConstructorStage { name: "load_container_logs", run: load_container_logs::run },
];

/// The settings of the operator that affect how a world is built.
#[derive(Clone, Copy)]
pub struct WorldSettings<'p> {
    /// Patterns by application category, matched against `namespace/name`.
    pub application_categories: &'p BTreeMap<String, Vec<String>>,
    /// Patterns of instance names by the name of the application that they make up.
    pub custom_applications: &'p BTreeMap<String, Vec<String>>,
}

impl fmt::Debug for WorldSettings<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the patterns, which contain names of the operator's applications.
        formatter
            .debug_struct("WorldSettings")
            .field("application_categories", &self.application_categories.len())
            .field("custom_applications", &self.custom_applications.len())
            .finish()
    }
}

/// Builds a world. Calls `ended` with the name of each stage when the stage has ended, so that the caller can
/// time it.
pub fn construct<'a>(
    answers: &'a QueryResults,
    configured: WorldSettings<'_>,
    prices: &CloudPrices,
    mut ended: impl FnMut(&'static str),
) -> World<'a> {
    let mut site = WorldBuilder::new(answers, configured, prices);
    for stage in STAGES {
        (stage.run)(&mut site);
        ended(stage.name);
    }
    site.world
}

#[cfg(test)]
pub mod tests;
