//! Merges the applications that are members of the same database cluster.

use headcount_prometheus::results::InternedString;

use super::world_builder::WorldBuilder;
use crate::model::{AppId, Application, IndexedArena, Kind, RemoteEndpoint, World};

/// Merges all applications that have an instance in the same database cluster into one. All their instances
/// move, including those outside the cluster. If the instances of an application are in different clusters,
/// it joins the cluster whose name sorts first.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let members: Vec<(AppId, InternedString)> =
        site.world.apps.iter().filter_map(|(id, app)| Some((id, cluster(&site.world, app)?))).collect();
    for (member, cluster) in members {
        let namespace = site.world.apps[member].id.namespace;
        let joined = site.application(namespace, Kind::DatabaseCluster, cluster);
        let joined = last_joined(&site.world.apps, joined);
        if joined != member {
            move_instances(&mut site.world, member, joined);
        }
    }
    for connection in site.world.connections.values_mut() {
        if let RemoteEndpoint::Application(app) = &mut connection.remote {
            *app = last_joined(&site.world.apps, *app);
        }
    }
}

/// The application that an application was finally merged into, or itself. A cluster may be a member of
/// another.
fn last_joined(apps: &IndexedArena<AppId, Application>, mut app: AppId) -> AppId {
    while let Some(joined) = apps[app].joined {
        app = joined;
    }
    app
}

fn cluster(world: &World<'_>, app: &Application) -> Option<InternedString> {
    let memberships = app.instances.iter().filter_map(|instance| world.instances[*instance].membership);
    memberships.map(|membership| membership.cluster).min_by(|one, other| world.texts.compare(*one, *other))
}

fn move_instances(world: &mut World<'_>, member: AppId, joined: AppId) {
    let app = &mut world.apps[member];
    app.joined = Some(joined);
    let (instances, desired) = (std::mem::take(&mut app.instances), app.desired_instances);
    for instance in &instances {
        world.instances[*instance].application = joined;
    }
    let cluster = &mut world.apps[joined];
    cluster.instances.extend(instances);
    if !desired.is_nan() {
        cluster.desired_instances =
            desired + if cluster.desired_instances.is_nan() { 0.0 } else { cluster.desired_instances };
    }
}
