//! Loads the status and the price of ElastiCache nodes.

use headcount_prometheus::query::Label;

use super::{managed_databases, world_builder::WorldBuilder};
use crate::{model::ManagedService, prices::NodePrice, queries::AWS_ELASTICACHE_STATUS};

/// Loads the status and the price of ElastiCache nodes.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    managed_databases::load_status(site, &AWS_ELASTICACHE_STATUS, Label::EcInstanceId);
    let world = &mut site.world;
    for cache in world.managed.values().filter(|managed| managed.service == ManagedService::Elasticache) {
        let node = &mut world.nodes[cache.node];
        let [region, instance_type] =
            [node.cloud.region, node.cloud.instance_type].map(|latest| world.texts.text(latest.text()));
        node.price = site
            .prices
            .managed_cache(region, world.texts.text(cache.engine), instance_type)
            .map(|price| NodePrice::new(price, node.cpu_cores, node.memory_bytes));
    }
}
