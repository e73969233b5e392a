//! Generates the series of an installation of any size, for each query of the catalogue.

use std::borrow::Cow;

use headcount_prometheus::query::{Label, PrometheusQuery};
use headcount_topology::queries;

/// Nodes with containers on them; every container is a pod of Kubernetes and has every family of metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SyntheticInstallation {
    pub(crate) nodes: usize,
    pub(crate) containers: usize,
    /// The pods of a deployment, which is an application.
    pub(crate) pods: usize,
}

/// The TCP connections of a container. The first of them has requests of every protocol.
const CONNECTIONS: usize = 2;

/// The number of variants of a series that differ in this label.
const fn variants(label: Label) -> usize {
    match label {
        Label::Mode => 6,
        Label::Device | Label::Status | Label::Level | Label::RequestType | Label::Gc => 2,
        Label::Generation => 3,
        Label::Phase => 5,
        Label::Le => 12,
        Label::DestinationIp => CONNECTIONS,
        _ => 1,
    }
}

/// What a series is about.
#[derive(Debug, Clone, Copy)]
enum SyntheticSubject {
    Node(usize),
    Container(usize),
    Deployment(usize),
}

impl SyntheticInstallation {
    /// Every series of a query: the texts of its kept labels.
    pub(crate) fn each(&self, query: &PrometheusQuery, mut series: impl FnMut(&[Cow<'static, str>])) {
        if queries::FARGATE.contains(&query) {
            return;
        }
        let of_protocol = query.column(Label::ActualDestination).is_some()
            && (query.column(Label::Status).is_some()
                || query.column(Label::Le).is_some()
                || query.name.ends_with("_latency"));
        let connections = match query.column(Label::Destination) {
            Some(_) if !of_protocol => CONNECTIONS,
            _ => 1,
        };
        let variants: usize = query.labels.iter().map(|label| variants(*label)).product();
        for subject in self.subjects(query) {
            for variant in 0..variants * connections {
                let texts: Vec<_> =
                    query.labels.iter().map(|label| self.text(*label, subject, variant)).collect();
                series(&texts);
            }
        }
    }

    /// The value of a series at a moment: it changes now and then, as most do.
    pub(crate) fn value(series: usize, at: u32) -> f32 {
        let noise = (series as u32).wrapping_mul(2_654_435_761) ^ (at / 60).wrapping_mul(40_503);
        1.0 + (noise % 1_000) as f32 / 8.0
    }

    fn subjects(&self, query: &PrometheusQuery) -> Vec<SyntheticSubject> {
        let keeps = |label| query.column(label).is_some();
        let deployments = self.containers.div_ceil(self.pods);
        if keeps(Label::ContainerId) || keeps(Label::Uid) {
            (0..self.containers).map(SyntheticSubject::Container).collect()
        } else if keeps(Label::ClusterIp) || keeps(Label::Deployment) || keeps(Label::Fqdn) {
            (0..deployments).map(SyntheticSubject::Deployment).collect()
        } else if keeps(Label::RdsInstanceId) || keeps(Label::EcInstanceId) {
            // Managed databases and exporters: one for ten nodes.
            (0..self.nodes.div_ceil(10)).map(SyntheticSubject::Deployment).collect()
        } else {
            (0..self.nodes).map(SyntheticSubject::Node).collect()
        }
    }

    fn text(&self, label: Label, subject: SyntheticSubject, variant: usize) -> Cow<'static, str> {
        let number = match subject {
            SyntheticSubject::Node(number)
            | SyntheticSubject::Container(number)
            | SyntheticSubject::Deployment(number) => number,
        };
        let node = match subject {
            SyntheticSubject::Node(number) => number,
            SyntheticSubject::Container(number) | SyntheticSubject::Deployment(number) => number % self.nodes,
        };
        let deployment = match subject {
            SyntheticSubject::Container(number) => number / self.pods,
            SyntheticSubject::Node(number) | SyntheticSubject::Deployment(number) => number,
        };
        // A container of another deployment: what it connects to.
        let other = (number + self.pods * (1 + variant % CONNECTIONS)) % self.containers;
        let pod = |number: usize| format!("app-{}-5d4f8c7b6d-{number:05}", number / self.pods);
        let namespace = || format!("team-{}", deployment % 20);
        match label {
            Label::MachineId => format!("{node:032x}").into(),
            Label::SystemUuid => format!("{node:08x}-0000-4000-8000-000000000000").into(),
            Label::ContainerId => format!("/k8s/{}/{}/app", namespace(), pod(number)).into(),
            Label::Uid => format!("{number:08x}-1111-4111-8111-111111111111").into(),
            Label::Pod => pod(number).into(),
            Label::Namespace => namespace().into(),
            Label::Container => "app".into(),
            Label::Node | Label::Hostname => format!("node-{node}").into(),
            Label::CreatedByKind => "ReplicaSet".into(),
            Label::CreatedByName => format!("app-{deployment}-5d4f8c7b6d").into(),
            Label::Deployment | Label::Service => format!("app-{deployment}").into(),
            Label::PodIp => pod_ip(number).into(),
            Label::HostIp => format!("192.168.{}.{}", node / 250, node % 250).into(),
            Label::ClusterIp => service_ip(deployment).into(),
            Label::Ip => format!("34.0.{}.{}", number / 250 % 250, number % 250).into(),
            Label::Fqdn => format!("host-{number}.example.com").into(),
            Label::ListenAddr => format!("{}:8080", pod_ip(number)).into(),
            Label::Destination => format!("{}:8080", service_ip(other / self.pods)).into(),
            Label::ActualDestination => format!("{}:8080", pod_ip(other)).into(),
            Label::DestinationIp => pod_ip(other).into(),
            Label::Provider => "aws".into(),
            Label::Region => "us-east-1".into(),
            Label::InstanceType => "m5.large".into(),
            Label::Phase => ["Running", "Pending", "Succeeded", "Failed", "Unknown"][variant % 5].into(),
            Label::ApplicationType => ["postgres", "redis", "nginx", "java"][deployment % 4].into(),
            Label::Status => ["200", "500"][variant % 2].into(),
            Label::Le => format!("0.{:03}", variant % 12).into(),
            Label::Level => ["error", "info"][variant % 2].into(),
            Label::Job => "node-agent".into(),
            Label::Instance => format!("192.168.{}.{}:9100", node / 250, node % 250).into(),
            Label::RdsInstanceId => format!("us-east-1/db-{number}").into(),
            Label::EcInstanceId => format!("us-east-1/cache-{number}/0001").into(),
            Label::Ipv4 | Label::Address => format!("172.31.{}.{}", number / 250, number % 250).into(),
            Label::Port => "5432".into(),
            Label::Engine => "postgres".into(),
            Label::Image => format!("registry.example.com/app-{deployment}:1.2.3").into(),
            Label::Mode | Label::Device | Label::RequestType | Label::Gc | Label::Generation => {
                format!("variant-{variant}").into()
            }
            _ => "".into(),
        }
    }
}

fn pod_ip(number: usize) -> String {
    format!("10.{}.{}.{}", number / 62_500 % 250, number / 250 % 250, number % 250)
}

fn service_ip(deployment: usize) -> String {
    format!("10.255.{}.{}", deployment / 250, deployment % 250)
}
