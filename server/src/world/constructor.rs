//! How is a world built from what Prometheus answered? Stage by stage.
//!
//! Every stage reads answers and what stages before it built; none reads a clock, a file or the network. The same answers
//! give the same world, whatever the order of their series.

// What stages have in common.
mod addresses;
mod by_symbol;
mod categories;
mod container_name;
mod containers;
mod fields;
mod glob;
mod managed;
mod newest;
mod nodes;
mod parts;
mod pods;
mod site;

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

pub use self::glob::is_pattern;
use self::site::Site;
use super::{answers::Answers, model::World, prices::Prices, project::Project};

/// A step in building a world.
#[derive(Debug, Clone, Copy)]
pub struct Stage {
    /// The name under which the report says how long it took.
    pub name: &'static str,
    run: fn(&mut Site<'_, '_>),
}

/// All stages, in their order. Each uses what those before it built.
pub const STAGES: &[Stage] = &[
    Stage { name: "load_job_statuses", run: load_job_statuses::run },
    Stage { name: "load_nodes", run: load_nodes::run },
    Stage { name: "load_fqdn", run: load_fqdn::run },
    Stage { name: "load_fargate_nodes", run: load_fargate_nodes::run },
    Stage { name: "load_k8s_metadata", run: load_k8s_metadata::run },
    Stage { name: "load_aws_status", run: load_aws_status::run },
    Stage { name: "load_rds_metadata", run: load_rds_metadata::run },
    Stage { name: "load_elasticache_metadata", run: load_elasticache_metadata::run },
    Stage { name: "load_rds", run: load_rds::run },
    Stage { name: "load_elasticache", run: load_elasticache::run },
    Stage { name: "load_fargate_containers", run: load_fargate_containers::run },
    Stage { name: "load_containers", run: load_containers::run },
    Stage { name: "load_jvm", run: load_jvm::run },
    Stage { name: "load_dotnet", run: load_dotnet::run },
    Stage { name: "load_python", run: load_python::run },
    Stage { name: "enrich_instances", run: enrich_instances::run },
    Stage { name: "join_db_cluster", run: join_db_cluster::run },
    Stage { name: "calc_app_categories", run: calc_app_categories::run },
    Stage { name: "load_container_logs", run: load_container_logs::run },
];

/// What the operator configured that decides what a world looks like.
#[derive(Clone, Copy)]
pub struct Configured<'p> {
    /// Patterns by application category, matched against `namespace/name`.
    pub application_categories: &'p BTreeMap<String, Vec<String>>,
    /// Patterns of instance names by the name of the application that they make up.
    pub custom_applications: &'p BTreeMap<String, Vec<String>>,
}

impl<'p> From<&'p Project> for Configured<'p> {
    fn from(project: &'p Project) -> Self {
        Self {
            application_categories: &project.application_categories,
            custom_applications: &project.custom_applications,
        }
    }
}

impl fmt::Debug for Configured<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the patterns: they name what runs there.
        formatter
            .debug_struct("Configured")
            .field("application_categories", &self.application_categories.len())
            .field("custom_applications", &self.custom_applications.len())
            .finish()
    }
}

/// Builds a world. `ended` is told the name of each stage when it has ended, so that the caller can time it.
pub fn construct<'a>(
    answers: &'a Answers,
    configured: Configured<'_>,
    prices: &Prices,
    mut ended: impl FnMut(&'static str),
) -> World<'a> {
    let mut site = Site::new(answers, configured, prices);
    for stage in STAGES {
        (stage.run)(&mut site);
        ended(stage.name);
    }
    site.world
}

#[cfg(test)]
pub(in crate::world) mod tests;
