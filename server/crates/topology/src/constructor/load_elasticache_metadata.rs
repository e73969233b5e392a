//! Loads the nodes of ElastiCache.

use headcount_prometheus::{query::Label, results::InternedString};

use super::{
    managed_databases::{self, ManagedDatabaseInfo},
    newest_series::newest_by,
    world_builder::WorldBuilder,
};
use crate::{model::ManagedService, queries::AWS_ELASTICACHE_INFO};

/// Loads the nodes of ElastiCache, with an application for each cluster. If several series have the same id,
/// the one seen last counts.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let labels = [
        Label::ClusterId,
        Label::Engine,
        Label::EngineVersion,
        Label::InstanceType,
        Label::Region,
        Label::AvailabilityZone,
    ];
    let columns = AWS_ELASTICACHE_INFO.columns(labels);
    let answers = site.answers;
    for (id, row) in newest_by(answers, &AWS_ELASTICACHE_INFO, Label::EcInstanceId) {
        let Some((cluster, name)) = cluster_and_node(answers.text(id)) else { continue };
        let [cluster_id, engine, engine_version, instance_type, region, zone] =
            columns.map(|column| row.label(column));
        let texts = &mut site.world.texts;
        let instance = texts.format(format_args!("{cluster}-{name}"));
        let node = texts.format(format_args!("elasticache:{cluster}-{name}"));
        let application = if cluster_id.is_empty() { cluster } else { answers.text(cluster_id) };
        managed_databases::enter(
            site,
            &ManagedDatabaseInfo {
                id,
                service: ManagedService::Elasticache,
                application,
                instance,
                node,
                region,
                zone,
                instance_type,
                engine,
                engine_version,
                storage_type: InternedString::EMPTY,
                is_multi_zone: false,
                seen: row.last_seen(),
            },
        );
    }
    managed_databases::load_addresses(site, &AWS_ELASTICACHE_INFO, Label::EcInstanceId);
}

/// The cluster and the node in `<region>/<cluster>/<node>`; `None` for any other form.
fn cluster_and_node(id: &str) -> Option<(&str, &str)> {
    let (_, rest) = id.split_once('/')?;
    rest.split_once('/')
        .filter(|(cluster, node)| !cluster.is_empty() && !node.is_empty() && !node.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_region_a_cluster_and_a_node() {
        assert_eq!(cluster_and_node("us-east-1/sessions/0001"), Some(("sessions", "0001")));
        for other in ["", "sessions", "us-east-1/sessions", "us-east-1//1", "us-east-1/a/", "us-east-1/a/b/c"]
        {
            assert_eq!(cluster_and_node(other), None, "{other}");
        }
    }
}
