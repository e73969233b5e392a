//! Loads the databases of RDS.

use headcount_prometheus::query::Label;

use super::{
    managed_databases::{self, ManagedDatabaseInfo},
    newest_series::newest_by,
    world_builder::WorldBuilder,
};
use crate::{model::ManagedService, queries::AWS_RDS_INFO};

/// Loads the databases of RDS, with an application for each cluster, or for each instance outside clusters.
/// If several series have the same id, the one seen last counts.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let labels = [
        Label::ClusterId,
        Label::Engine,
        Label::EngineVersion,
        Label::InstanceType,
        Label::StorageType,
        Label::Region,
        Label::AvailabilityZone,
        Label::MultiAz,
    ];
    let columns = AWS_RDS_INFO.columns(labels);
    let answers = site.answers;
    for (id, row) in newest_by(answers, &AWS_RDS_INFO, Label::RdsInstanceId) {
        let Some(name) = without_region(answers.text(id)) else { continue };
        let [cluster, engine, engine_version, instance_type, storage_type, region, zone, multi_az] =
            columns.map(|column| row.label(column));
        let texts = &mut site.world.texts;
        let instance = texts.intern(name);
        let node = texts.format(format_args!("rds:{name}"));
        managed_databases::enter(
            site,
            &ManagedDatabaseInfo {
                id,
                service: ManagedService::Rds,
                application: without_region(answers.text(cluster)).unwrap_or(name),
                instance,
                node,
                region,
                zone,
                instance_type,
                engine,
                engine_version,
                storage_type,
                is_multi_zone: answers.text(multi_az) == "true",
                seen: row.last_seen(),
            },
        );
    }
    managed_databases::load_addresses(site, &AWS_RDS_INFO, Label::RdsInstanceId);
}

/// The name in `<region>/<name>`; `None` for any other form.
fn without_region(id: &str) -> Option<&str> {
    let (_, name) = id.split_once('/')?;
    Some(name).filter(|name| !name.is_empty() && !name.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_region_and_a_name() {
        assert_eq!(without_region("us-east-1/orders"), Some("orders"));
        for other in ["", "orders", "us-east-1/", "us-east-1/a/b"] {
            assert_eq!(without_region(other), None, "{other}");
        }
    }
}
