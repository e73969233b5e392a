//! Loads the sizes, the usage and the price of RDS databases.

use headcount_prometheus::query::{Label, PrometheusQuery};

use super::{managed_databases, series_fields::CurrentValueField, world_builder::WorldBuilder};
use crate::{
    model::{ArenaIndex as _, ManagedDatabase, ManagedService, Node, OneToMany, RowId, keep_larger},
    prices::NodePrice,
    queries::{
        AWS_RDS_ALLOCATED_STORAGE_GIBIBYTES, AWS_RDS_CPU_CORES, AWS_RDS_CPU_USAGE_PERCENT,
        AWS_RDS_FS_TOTAL_BYTES, AWS_RDS_FS_USED_BYTES, AWS_RDS_IO_AWAIT_SECONDS, AWS_RDS_IO_OPS_PER_SECOND,
        AWS_RDS_IO_UTIL_PERCENT, AWS_RDS_LOG_MESSAGES_TOTAL, AWS_RDS_MEMORY_CACHED_BYTES,
        AWS_RDS_MEMORY_FREE_BYTES, AWS_RDS_MEMORY_TOTAL_BYTES, AWS_RDS_NET_RX_BYTES_PER_SECOND,
        AWS_RDS_NET_TX_BYTES_PER_SECOND, AWS_RDS_STATUS, AWS_RDS_STORAGE_PROVISIONED_IOPS,
    },
};

const OF_NODE: [CurrentValueField<Node>; 2] = [
    (&AWS_RDS_CPU_CORES, |node| &mut node.cpu_cores),
    (&AWS_RDS_MEMORY_TOTAL_BYTES, |node| &mut node.memory_bytes),
];

const OF_DATABASE: [CurrentValueField<ManagedDatabase>; 4] = [
    (&AWS_RDS_STORAGE_PROVISIONED_IOPS, |database| &mut database.provisioned_iops),
    (&AWS_RDS_ALLOCATED_STORAGE_GIBIBYTES, |database| &mut database.allocated_gibibytes),
    (&AWS_RDS_FS_TOTAL_BYTES, |database| &mut database.volume_size),
    (&AWS_RDS_FS_USED_BYTES, |database| &mut database.volume_used),
];

const OVER_TIME: [&PrometheusQuery; 9] = [
    &AWS_RDS_CPU_USAGE_PERCENT,
    &AWS_RDS_MEMORY_CACHED_BYTES,
    &AWS_RDS_MEMORY_FREE_BYTES,
    &AWS_RDS_IO_UTIL_PERCENT,
    &AWS_RDS_IO_OPS_PER_SECOND,
    &AWS_RDS_IO_AWAIT_SECONDS,
    &AWS_RDS_LOG_MESSAGES_TOTAL,
    &AWS_RDS_NET_RX_BYTES_PER_SECOND,
    &AWS_RDS_NET_TX_BYTES_PER_SECOND,
];

/// Loads the status, the sizes, the usage and the price of RDS databases.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    managed_databases::load_status(site, &AWS_RDS_STATUS, Label::RdsInstanceId);
    for (query, field) in OF_NODE {
        managed_databases::for_each(site, query, Label::RdsInstanceId, [], |site, database, [], row| {
            let node = site.world.managed[database].node;
            keep_larger(field(&mut site.world.nodes[node]), row.last());
        });
    }
    for (query, field) in OF_DATABASE {
        managed_databases::for_each(site, query, Label::RdsInstanceId, [], |site, database, [], row| {
            keep_larger(field(&mut site.world.managed[database]), row.last());
        });
    }
    let mut series = Vec::new();
    for query in OVER_TIME {
        managed_databases::for_each(site, query, Label::RdsInstanceId, [], |_, database, [], row| {
            series.push((database, (query, RowId::at(row.index()))));
        });
    }
    site.world.managed_series = OneToMany::gather(series);
    set_prices(site);
}

fn set_prices(site: &mut WorldBuilder<'_, '_>) {
    let world = &mut site.world;
    for database in world.managed.values().filter(|managed| managed.service == ManagedService::Rds) {
        let node = &mut world.nodes[database.node];
        let [region, instance_type] =
            [node.cloud.region, node.cloud.instance_type].map(|latest| world.texts.text(latest.text()));
        let engine = world.texts.text(database.engine);
        node.price = site
            .prices
            .managed_database(region, engine, instance_type, database.is_multi_zone)
            .map(|price| NodePrice::new(price, node.cpu_cores, node.memory_bytes));
    }
}
