//! A fleet in which every family of the catalogue is there for every container.

use headcount::world::{
    answers::{Answers, Symbols, Table},
    catalogue::{self, Label, Query},
};

/// A fleet in which every family of the catalogue is there for every container.
pub(super) fn answers(nodes: usize, containers_per_node: usize) -> Answers {
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
            } else if is_about(Label::Address) && node.is_multiple_of(10) {
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
        _ if is_counted(query) => 2,
        name if query.column(Label::Destination).is_some() && !name.ends_with("_latency") => 2,
        name if name.starts_with("node_disk") || name.starts_with("node_net") => 3,
        "container_dns_requests_latency" => 10,
        _ => 1,
    }
}

fn is_counted(query: &Query) -> bool {
    query.column(Label::Destination).is_some() && query.column(Label::Status).is_some()
}

fn address(node: usize, container: usize) -> String {
    format!("10.{}.{}.{}:8080", 1 + node / 250, node % 250, container + 1)
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
                // Requests with two results are on one connection.
                let variant = if is_counted(query) { 0 } else { variant };
                address((node * 7 + container * 3 + variant) % 1000, container % 18)
            }
            Label::ListenAddr | Label::Address => address(node, container),
            Label::Job => "coroot-cluster-agent".to_owned(),
            Label::ApplicationType => {
                (if container.is_multiple_of(3) { "postgres" } else { "java" }).to_owned()
            }
            Label::Status => (if variant == 0 { "200" } else { "500" }).to_owned(),
            Label::Phase => {
                if variant == 0 {
                    "Running".to_owned()
                } else {
                    format!("Phase{variant}")
                }
            }
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
