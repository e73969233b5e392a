//! How long it takes to build worlds of many sizes. Nothing is asserted but that it ends: it prints what it measures.

use std::time::Instant;

use crate::world::{
    answers::{Answers, Symbol, Symbols, Table},
    catalogue::{self, Kind, Label, Query},
    constructor::{Configured, construct},
    facts::Facts,
    price::NoPrices,
};

/// A fleet in which every family of the catalogue is there for every container.
fn fleet(nodes: usize, containers_per_node: usize) -> Answers {
    let mut symbols = Symbols::default();
    let mut tables: Vec<(&'static Query, Table)> = Vec::new();
    for query in catalogue::of_the_world() {
        let mut table = Table { to: 3600, width: query.labels.len(), ..Table::default() };
        for node in 0..nodes {
            let is_about = |label| query.column(label).is_some();
            if is_about(Label::ContainerId)
                || is_about(Label::Uid)
                || query.name.starts_with("fargate_container")
            {
                for container in 0..containers_per_node {
                    for variant in 0..variants(query) {
                        push(&mut table, query, &mut symbols, node, container, variant);
                    }
                }
            } else if is_about(Label::MachineId) || query.name == "kube_node_info" {
                for variant in 0..variants(query) {
                    push(&mut table, query, &mut symbols, node, 0, variant);
                }
            } else if is_about(Label::Address) && node % 10 == 0 {
                for container in 0..containers_per_node.min(10) {
                    push(&mut table, query, &mut symbols, node, container, 0);
                }
            } else if query.name == "kube_service_info" {
                push(&mut table, query, &mut symbols, node, 0, 0);
            }
        }
        tables.push((query, table));
    }
    let mut answers = Answers::new(symbols);
    for (query, table) in tables {
        answers.insert(query, table);
    }
    answers
}

fn variants(query: &Query) -> usize {
    match query.name {
        "kube_pod_status_phase" => 5,
        name if name.ends_with("_count") || name.ends_with("_messages") => 2,
        name if query.column(Label::Destination).is_some() && !name.ends_with("_latency") => 2,
        name if name.starts_with("node_disk") || name.starts_with("node_net") => 3,
        "container_dns_requests_latency" => 10,
        _ => 1,
    }
}

fn push(
    table: &mut Table,
    query: &Query,
    symbols: &mut Symbols,
    node: usize,
    container: usize,
    variant: usize,
) {
    let pod = node * 1000 + container;
    let is_pod = container % 10 != 9;
    for label in query.labels {
        let text = match label {
            Label::MachineId => format!("{node:032x}"),
            Label::SystemUuid => format!("{node:08x}-0000-0000-0000-{node:012x}"),
            Label::ContainerId if is_pod => {
                format!("/k8s/ns-{}/app-{}-5d9c-{pod:05}/main", pod % 20, pod % 2000)
            }
            Label::ContainerId => format!("/system.slice/unit-{container}.service"),
            Label::Uid => format!("00000000-0000-0000-0000-{pod:012}"),
            Label::Namespace => format!("ns-{}", pod % 20),
            Label::Pod => format!("app-{}-5d9c-{pod:05}", pod % 2000),
            Label::Container => "main".to_owned(),
            Label::CreatedByKind => "ReplicaSet".to_owned(),
            Label::CreatedByName => format!("app-{}-5d9c", pod % 2000),
            Label::Node | Label::Hostname | Label::KubernetesIoHostname => format!("node-{node}"),
            Label::PodIp => format!("10.{}.{}.{}", 1 + node / 250, node % 250, container + 1),
            Label::HostIp => format!("10.0.{}.{}", node / 250, node % 250),
            Label::Destination | Label::ActualDestination => {
                let (to, there) = ((node * 7 + container * 3 + variant) % 1000, container % 18);
                if query.name.ends_with("_count") || query.name.ends_with("_messages") {
                    let to = (node * 7 + container * 3) % 1000;
                    format!("10.{}.{}.{}:8080", 1 + to / 250, to % 250, there + 1)
                } else {
                    format!("10.{}.{}.{}:8080", 1 + to / 250, to % 250, there + 1)
                }
            }
            Label::ListenAddr => format!("10.{}.{}.{}:8080", 1 + node / 250, node % 250, container + 1),
            Label::Address => format!("10.{}.{}.{}:8080", 1 + node / 250, node % 250, container + 1),
            Label::Job => "coroot-cluster-agent".to_owned(),
            Label::ApplicationType => ["postgres", "java", "nginx"][container % 3].to_owned(),
            Label::Status => ["200", "500"][variant % 2].to_owned(),
            Label::Phase => ["Running", "Pending", "Failed", "Succeeded", "Unknown"][variant % 5].to_owned(),
            Label::Device | Label::Interface => format!("dev{variant}"),
            Label::Le => format!("{variant}"),
            Label::ClusterIp => format!("10.96.{}.{}", node / 250, node % 250),
            Label::Service => format!("svc-{node}"),
            Label::Provider => "aws".to_owned(),
            Label::LabelCnpgIoCluster
            | Label::LabelClusterName
            | Label::LabelPostgresOperatorCrunchydataComCluster
            | Label::LabelK8sEnterprisedbIoCluster
            | Label::LabelStackgresIoClusterName
            | Label::SystemdTriggeredBy
            | Label::Proxy
            | Label::RdsInstanceId
            | Label::EcInstanceId => String::new(),
            _ => "x".to_owned(),
        };
        table.labels.push(symbols.intern(&text));
    }
    table.first_seen.push(0);
    table.last_seen.push(3600);
    table.values.push(if query.name == "kube_pod_status_phase" && variant > 0 { 0.0 } else { 1.0 });
}

#[test]
#[ignore = "measures"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn speed() {
    for (nodes, containers) in [(10, 5), (100, 20), (1000, 20)] {
        let answers = fleet(nodes, containers);
        let rows: usize = catalogue::of_the_world().map(|query| answers.table(query).len()).sum();
        let kinds = catalogue::of_the_world().filter(|query| query.kind != Kind::Now).count();
        let none = std::collections::BTreeMap::new();
        let configured = Configured { application_categories: &none, custom_applications: &none };
        let mut best = f64::MAX;
        let mut stages = Vec::new();
        for _ in 0..7 {
            let (start, mut last) = (Instant::now(), Instant::now());
            let mut took = Vec::new();
            let world = construct(&answers, configured, &NoPrices, |name| {
                took.push((name, last.elapsed().as_secs_f64() * 1e3));
                last = Instant::now();
            });
            let all = start.elapsed().as_secs_f64() * 1e3;
            let facts_start = Instant::now();
            let facts = Facts::of(&world);
            took.push(("facts", facts_start.elapsed().as_secs_f64() * 1e3));
            if all < best {
                best = all;
                stages = took;
                println!(
                    "{world:?} {facts:?} {} requests {} texts {}",
                    world.requests.len(),
                    answers.symbols().len(),
                    kinds
                );
            }
        }
        println!("{nodes} nodes, {} containers, {rows} rows: {best:.2} ms", nodes * containers);
        for (name, took) in stages {
            println!("  {name} {took:.3}");
        }
    }
    assert_eq!(Symbol::EMPTY.number(), 0);
}
