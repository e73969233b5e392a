//! Prints a world as text that does not depend on the numbering of its elements.

use crate::world::{
    answers::{InternedString, ResultTable},
    catalogue::PrometheusQuery,
    model::{Application, ArenaIndex as _, InstanceId, NodeId, NodeKey, RemoteEndpoint, RowId, World},
};

/// The applications with their instances, one line each, in order.
pub(in crate::world) fn applications(world: &World<'_>) -> Vec<String> {
    let mut lines: Vec<_> = world
        .applications()
        .map(|(_, app)| {
            let mut instances: Vec<_> =
                app.instances.iter().map(|instance| world.text(world.instances[*instance].name)).collect();
            instances.sort_unstable();
            format!("{} {}", id(world, app), instances.join(" ")).trim_end().to_owned()
        })
        .collect();
    lines.sort();
    lines
}

/// The connections, one line `client -> server` each, in order.
pub(in crate::world) fn edges(world: &World<'_>) -> Vec<String> {
    let mut lines: Vec<_> = world
        .connections
        .values()
        .map(|connection| {
            let client = world.text(world.instances[connection.instance].name);
            format!("{client} -> {}", remote(world, connection.remote))
        })
        .collect();
    lines.sort();
    lines
}

/// Everything that must be the same for the same answers in any order.
pub(in crate::world) fn digest(world: &World<'_>) -> Vec<String> {
    let mut lines = applications(world);
    lines.extend(edges(world));
    lines.extend(world.nodes.values().map(|entry| {
        let price = entry.price.map(|price| price.node.to_bits());
        let texts = [entry.hostname, entry.kubernetes_name, entry.kernel, entry.agent_version]
            .map(|latest| latest.text());
        let cloud = [entry.cloud.provider, entry.cloud.region, entry.cloud.zone].map(|latest| latest.text());
        let rows = [entry.cpu_usage, entry.memory_available].map(|row| row.is_some());
        let (cores, memory) = (entry.cpu_cores, entry.memory_bytes);
        format!(
            "node {} {:?} {:?} {price:?} {rows:?} {cores} {memory}",
            key(world, entry.key),
            all(world, &texts),
            all(world, &cloud)
        )
    }));
    lines.extend(
        world
            .applications()
            .map(|(_, app)| format!("app {} {} {:?}", id(world, app), app.desired_instances, app.category)),
    );
    lines.extend(world.instances.iter().map(|(name, entry)| {
        let membership =
            entry.membership.map(|membership| all(world, &[membership.cluster, membership.role]));
        let pod = entry.pod.map(|pod| (&world.pods[pod], world.is_obsolete(name)));
        let pod = pod.map(|(pod, gone)| (pod.phase, pod.ready, world.text(pod.replica_set), gone));
        format!("instance {} {:?} {membership:?} {pod:?}", instance(world, name), node(world, entry.node))
    }));
    lines.extend(world.containers.iter().map(|(container, entry)| {
        let numbers =
            [entry.cpu_limit, entry.cpu_request, entry.cpu_delay, entry.memory_cache, entry.memory_limit];
        let texts = [entry.name, entry.id, entry.image.text(), entry.status.reason];
        let mut types: Vec<_> = world.application_types.of(container).map(|name| world.text(*name)).collect();
        types.sort_unstable();
        format!(
            "container {} {:?} {numbers:?} {types:?} {:?} {}",
            instance(world, entry.instance),
            all(world, &texts),
            entry.status.state,
            entry.periodic
        )
    }));
    lines.extend(world.requests.iter().map(|(connection, entry)| {
        let client = instance(world, world.connections[*connection].instance);
        let texts = all(world, &[entry.method, entry.status, world.connections[*connection].destination]);
        format!("requests {client} {:?} {texts:?} {}", entry.protocol, entry.rate)
    }));
    lines.extend(world.databases.values().map(|entry| {
        let texts = all(world, &[entry.version.text(), entry.role.text()]);
        format!(
            "database {} {:?} {} {texts:?} {}",
            instance(world, entry.instance),
            entry.engine,
            entry.is_internal,
            entry.up
        )
    }));
    lines.extend(world.database_series.iter().map(|(database, (query, row))| {
        let database = &world.databases[*database];
        format!(
            "series {} {:?} {}",
            instance(world, database.instance),
            database.engine,
            series(world, query, *row)
        )
    }));
    lines.extend(world.volumes.iter().map(|(owner, volume)| {
        let texts = all(world, &[volume.mount_point, volume.device, volume.name]);
        format!("volume {} {texts:?} {} {}", instance(world, *owner), volume.size, volume.used)
    }));
    lines.extend(world.jvms.iter().map(|(owner, jvm)| {
        let texts = all(world, &[jvm.name, jvm.java_version.text()]);
        format!("jvm {} {texts:?} {}", instance(world, *owner), jvm.heap_size)
    }));
    lines.sort();
    lines
}

fn all<'w>(world: &'w World<'_>, symbols: &[InternedString]) -> Vec<&'w str> {
    symbols.iter().map(|symbol| world.text(*symbol)).collect()
}

fn id(world: &World<'_>, app: &Application) -> String {
    let (namespace, name) = (world.text(app.id.namespace), world.text(app.id.name));
    format!("{namespace}:{}:{name}", app.id.kind.name(&world.texts))
}

fn key(world: &World<'_>, key: NodeKey) -> String {
    match key {
        NodeKey::Machine { machine_id, system_uuid } => {
            format!("{}/{}", world.text(machine_id), world.text(system_uuid))
        }
        NodeKey::Managed(id) => world.text(id).to_owned(),
    }
}

fn node(world: &World<'_>, node: Option<NodeId>) -> Option<String> {
    node.map(|node| key(world, world.nodes[node].key))
}

fn instance(world: &World<'_>, instance: InstanceId) -> String {
    let instance = &world.instances[instance];
    format!("{} {}", id(world, &world.apps[instance.application]), world.text(instance.name))
}

fn remote(world: &World<'_>, remote: RemoteEndpoint) -> String {
    match remote {
        RemoteEndpoint::Unresolved => "nobody".to_owned(),
        RemoteEndpoint::Instance(remote) => instance(world, remote),
        RemoteEndpoint::Application(app) => id(world, &world.apps[app]),
    }
}

fn series(world: &World<'_>, query: &'static PrometheusQuery, row: RowId) -> String {
    let table: &ResultTable = world.answers.table(query);
    let labels = table.rows().nth(row.place()).map(|row| all(world, row.labels()));
    format!("{} {labels:?}", query.name)
}
