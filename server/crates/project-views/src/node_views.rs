//! Lists the nodes of a project, and shows one of them.

use std::collections::BTreeMap;

use headcount_health::matching_row::MatchingRows;
use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{QueryResults, ResultTable},
};
use headcount_shared::api::{ChartUnit, NodeApplication, NodeRow, NodeView, ViewChart};
use headcount_topology::{
    model::{AppId, ArenaIndex as _, Node, NodeId, RowId},
    queries::{
        NODE_CPU_USAGE_BY_MODE, NODE_CPU_USAGE_PERCENT, NODE_DISK_IO_TIME, NODE_MEMORY_AVAILABLE_BYTES,
        NODE_MEMORY_CACHED_BYTES, NODE_NET_RX_BYTES, NODE_NET_TX_BYTES,
    },
};

use crate::{
    chart_html::{CHARTS_ID, charts_html},
    hour_series::ChartWords,
    node_names::NodeNames,
    report_charts::{ChartedRow, levels},
    severity::severity,
    world_sight::{MOST_ROWS, ProjectHeading, WorldSight, at_most, known},
};

/// The most applications of a node that are listed.
const MOST_APPLICATIONS: usize = 200;

/// The most disks, and the most network interfaces, that are listed.
const MOST_PARTS: usize = 100;

/// The queries whose values over time the charts of a node need.
pub const NODE_CHARTS_NEED: &[&PrometheusQuery] = &[
    &NODE_CPU_USAGE_BY_MODE,
    &NODE_MEMORY_AVAILABLE_BYTES,
    &NODE_MEMORY_CACHED_BYTES,
    &NODE_DISK_IO_TIME,
    &NODE_NET_RX_BYTES,
    &NODE_NET_TX_BYTES,
];

const CPU: ChartWords =
    ChartWords { title: "CPU usage by mode", value_title: "share of all cores", unit: ChartUnit::Share };
const MEMORY: ChartWords = ChartWords { title: "Memory", value_title: "memory", unit: ChartUnit::Bytes };
const DISKS: ChartWords =
    ChartWords { title: "Busy disks", value_title: "share of the time", unit: ChartUnit::Share };
const RECEIVED: ChartWords =
    ChartWords { title: "Received", value_title: "bytes a second", unit: ChartUnit::Bytes };
const SENT: ChartWords = ChartWords { title: "Sent", value_title: "bytes a second", unit: ChartUnit::Bytes };

/// The nodes of a project by their names, and the number of those that are left out.
#[must_use]
pub fn node_rows(sight: WorldSight<'_, '_>) -> (Vec<NodeRow>, u32) {
    let mut instances = vec![0; sight.world.nodes.values().count()];
    for (id, instance) in sight.world.instances.iter() {
        let count = instance.node.and_then(|node| instances.get_mut(node.place()));
        if let Some(count) = count.filter(|_| !sight.world.is_obsolete(id)) {
            *count += 1;
        }
    }
    let names = NodeNames::of(sight);
    let row = |(id, node): (NodeId, &Node)| {
        node_row(sight, &names.name(id), node, instances.get(id.place()).copied().unwrap_or_default())
    };
    let mut rows: Vec<NodeRow> = sight.world.nodes.iter().map(row).collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    at_most(rows, MOST_ROWS)
}

fn node_row(sight: WorldSight<'_, '_>, name: &str, node: &Node, instances: u32) -> NodeRow {
    let answers = sight.world.answers;
    let last = |query, row| last_value(answers.table(query), row);
    let cpu_percent = last(&NODE_CPU_USAGE_PERCENT, node.cpu_usage);
    let available = last(&NODE_MEMORY_AVAILABLE_BYTES, node.memory_available);
    let used = available.map(|available| (node.memory_bytes - available) / node.memory_bytes * 100.0);
    let zone = node.cloud.zone.text();
    NodeRow {
        name: name.to_owned(),
        has_agent: node.has_agent,
        cpu_percent,
        memory_percent: used.and_then(known),
        cpu_cores: known(node.cpu_cores),
        memory_bytes: known(node.memory_bytes),
        uptime_s: known(node.uptime),
        instances,
        provider: sight.text_of(node.cloud.provider.text()),
        zone: sight.text_of(if zone.is_empty() { node.cloud.region.text() } else { zone }),
        instance_type: sight.text_of(node.cloud.instance_type.text()),
    }
}

/// The current value of a series; `None` if there is none.
fn last_value(table: &ResultTable, row: Option<RowId>) -> Option<f32> {
    table.row(row?.place())?.last().and_then(known)
}

/// The node of that name, with what runs on it and its last hour; `None` if it is not in the world. `points`
/// has the answers to [`NODE_CHARTS_NEED`].
#[must_use]
pub fn node_view(
    sight: WorldSight<'_, '_>,
    points: &QueryResults,
    name: &str,
    heading: ProjectHeading,
) -> Option<NodeView> {
    let world = sight.world;
    let id = NodeNames::of(sight).find(name)?;
    let node = &world.nodes[id];
    let mut instances = BTreeMap::<AppId, u32>::new();
    for (instance, of) in world.instances.iter() {
        if of.node == Some(id) && !world.is_obsolete(instance) {
            *instances.entry(of.application).or_default() += 1;
        }
    }
    let count = instances.values().sum();
    let mut applications: Vec<_> =
        sight.audits.iter().filter_map(|audit| Some((audit, *instances.get(&audit.application)?))).collect();
    applications.sort_by(|(one, _), (other, _)| {
        world.apps[one.application].id.compare(world.apps[other.application].id, &world.texts)
    });
    let (applications, more_applications) = at_most(applications, MOST_APPLICATIONS);
    let listed = applications.into_iter().map(|(audit, instances)| NodeApplication {
        id: world.apps[audit.application].id.key(&world.texts).to_string(),
        status: severity(audit.status),
        instances,
    });
    let (disks, more_disks) = names(sight, world.disks.of(id).map(|disk| disk.device));
    let (interfaces, more_interfaces) = names(sight, world.interfaces.of(id).map(|interface| interface.name));
    let charts = charts(sight, points, id, node);
    Some(NodeView {
        project: heading.project,
        observation: heading.observation,
        node: node_row(sight, name, node, count),
        kernel: sight.text_of(node.kernel.text()),
        agent_version: sight.text_of(node.agent_version.text()),
        applications: listed.collect(),
        more_applications,
        disks,
        more_disks,
        interfaces,
        more_interfaces,
        drawn: charts_html(CHARTS_ID, &charts, &[]),
        charts,
    })
}

fn names(
    sight: WorldSight<'_, '_>,
    symbols: impl Iterator<Item = headcount_prometheus::results::InternedString>,
) -> (Vec<String>, u32) {
    let mut names: Vec<String> = symbols.filter_map(|name| sight.text_of(name)).collect();
    names.sort_unstable();
    at_most(names, MOST_PARTS)
}

fn charts(sight: WorldSight<'_, '_>, points: &QueryResults, id: NodeId, node: &Node) -> Vec<ViewChart> {
    let world = sight.world;
    let points = &MatchingRows::of(points);
    let chart =
        |words: &ChartWords, rows: Vec<ChartedRow>, factor| levels(sight, points, words, &rows, factor);
    let row = |name: &str, query, row| ChartedRow { name: name.to_owned(), query, row };
    let [mode] = NODE_CPU_USAGE_BY_MODE.columns([Label::Mode]);
    let modes = world.cpu_modes.of(id).filter_map(|of| {
        let labels = world.answers.table(&NODE_CPU_USAGE_BY_MODE).row(of.place())?;
        Some(row(world.text(labels.label(mode)), &NODE_CPU_USAGE_BY_MODE, Some(*of)))
    });
    let memory = vec![
        row("available", &NODE_MEMORY_AVAILABLE_BYTES, node.memory_available),
        row("page cache", &NODE_MEMORY_CACHED_BYTES, node.memory_cached),
    ];
    let disks = world.disks.of(id).map(|disk| row(world.text(disk.device), &NODE_DISK_IO_TIME, disk.io_time));
    let interfaces = || world.interfaces.of(id).map(|of| (world.text(of.name), of));
    let received = interfaces().map(|(name, of)| row(name, &NODE_NET_RX_BYTES, of.received_bytes));
    let sent = interfaces().map(|(name, of)| row(name, &NODE_NET_TX_BYTES, of.sent_bytes));
    let charts = [
        chart(&CPU, modes.collect(), 0.01),
        chart(&MEMORY, memory, 1.0),
        chart(&DISKS, disks.collect(), 1.0),
        chart(&RECEIVED, received.collect(), 1.0),
        chart(&SENT, sent.collect(), 1.0),
    ];
    charts.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use headcount_health::history_store::ProjectHistory;
    use headcount_topology::fixture::{PrometheusFixture, scene};

    use super::*;
    use crate::sight_fixture::{heading, see};

    fn nodes() -> PrometheusFixture {
        scene(
            "node_info machine_id=m2 hostname=two
             node_info machine_id=m1 hostname=one kernel_version=6.1
             node_agent_info machine_id=m1 version=1.2
             node_cpu_usage_percent machine_id=m1 =25
             node_cpu_usage_by_mode machine_id=m1 mode=user =20
             node_cpu_cores machine_id=m1 =8
             node_memory_total_bytes machine_id=m1 =1000
             node_memory_available_bytes machine_id=m1 =250
             node_disk_io_time machine_id=m1 device=sda =0.5
             node_net_rx_bytes machine_id=m1 interface=eth0 =10
             container_info machine_id=m1 container_id=/docker/web
             container_info machine_id=m1 container_id=/docker/cart",
        )
    }

    #[test]
    fn nodes_are_listed_with_their_usage() {
        let (rows, more) = see(&nodes(), &ProjectHistory::default(), node_rows);
        let found: Vec<_> =
            rows.iter().map(|row| (&*row.name, row.cpu_percent, row.memory_percent, row.instances)).collect();
        assert_eq!(found, [("one", Some(25.0), Some(75.0), 2), ("two", None, None, 0)]);
        assert_eq!((rows[0].has_agent, rows[0].cpu_cores, more), (true, Some(8.0), 0));
    }

    #[test]
    fn a_node_shows_what_runs_on_it_and_its_last_hour() {
        let view = |name: &str| {
            see(&nodes(), &ProjectHistory::default(), |sight| {
                node_view(sight, sight.world.answers, name, heading())
            })
        };
        let one = view("one").unwrap();
        let applications: Vec<_> = one.applications.iter().map(|of| (&*of.id, of.instances)).collect();
        assert_eq!(applications, [("_:Unknown:cart", 1), ("_:Unknown:web", 1)]);
        assert_eq!((one.kernel.as_deref(), one.agent_version.as_deref()), (Some("6.1"), Some("1.2")));
        assert_eq!((&*one.disks, &*one.interfaces), (&["sda".to_owned()][..], &["eth0".to_owned()][..]));
        let titles: Vec<&str> = one.charts.iter().map(|chart| chart.title.as_str()).collect();
        assert_eq!(titles, ["CPU usage by mode", "Memory", "Busy disks", "Received"]);
        assert!(view("three").is_none());
    }

    #[test]
    fn nodes_with_one_name_have_names_of_their_own_and_each_its_page() {
        let twins = scene(
            "node_info machine_id=m1 hostname=one kernel_version=6.1
             node_info machine_id=m2 hostname=one kernel_version=6.2
             node_info machine_id=m3 system_uuid=u3 hostname=one kernel_version=6.3
             node_info machine_id=m4 hostname=two kernel_version=6.4",
        );
        let (rows, _) = see(&twins, &ProjectHistory::default(), node_rows);
        let names: Vec<&str> = rows.iter().map(|row| &*row.name).collect();
        assert_eq!(names, ["one (m1)", "one (m2)", "one (m3, u3)", "two"]);
        for (name, kernel) in names.into_iter().zip(["6.1", "6.2", "6.3", "6.4"]) {
            let view = see(&twins, &ProjectHistory::default(), |sight| {
                node_view(sight, sight.world.answers, name, heading())
            });
            let view = view.unwrap();
            assert_eq!((&*view.node.name, view.kernel.as_deref()), (name, Some(kernel)));
        }
    }

    #[test]
    fn names_that_are_left_out_are_counted() {
        use std::fmt::Write as _;

        let mut series = String::from("node_info machine_id=m hostname=one");
        for disk in 0..MOST_PARTS + 3 {
            write!(series, "\nnode_disk_io_time machine_id=m device=sd{disk:03} =0.5").unwrap();
        }
        let one = see(&scene(&series), &ProjectHistory::default(), |sight| {
            node_view(sight, sight.world.answers, "one", heading())
        });
        let one = one.unwrap();
        assert_eq!((one.disks.len(), one.more_disks, one.more_interfaces), (MOST_PARTS, 3, 0));
        assert_eq!(at_most(vec!['a', 'b', 'c'], 1), (vec!['a'], 2));
    }
}
