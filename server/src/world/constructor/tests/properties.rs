//! Property tests of worlds: the order of series does not matter, among others.

use proptest::{collection::vec, prelude::*, sample::Index};

use crate::world::{
    catalogue::{Label, PrometheusQuery, of_the_world},
    facts::InfrastructureFacts,
    model::World,
    scene::{FixtureSeries, PrometheusFixture, digest},
};

/// Values for labels of series: some that fit together, and some that are unexpected.
fn texts_of(label: Label) -> &'static [&'static str] {
    match label {
        Label::MachineId => &["m1", "m1", "m2", "m3", ""],
        Label::SystemUuid => &["u1", "u-1", "u2", "u3", ""],
        Label::Node | Label::Hostname | Label::KubernetesIoHostname => &["n1", "n2", ""],
        Label::ContainerId => &[
            "/k8s/shop/p1/c1",
            "/k8s/shop/p2/c1",
            "/k8s/shop/p1/c2",
            "/k8s/_/p1/c1",
            "/k8s/shop/p1",
            "/k8s-cronjob/shop/p1/c1",
            "/docker/pg",
            "/docker/docker",
            "/system.slice/pg.service",
            "/nomad/shop/a/b/c/d",
            "/swarm/shop/cart/1",
            "/",
            "//",
            "x",
            "",
        ],
        Label::Destination | Label::ActualDestination => &[
            "10.0.0.1:80",
            "10.0.0.2:5432",
            "10.96.0.1:80",
            "10.96.0.2:5432",
            "127.0.0.1:80",
            "[fd00::1]:80",
            "[::1]:80",
            "a.example:80",
            "10.0.0.1:99999",
            "10.0.0.1",
            "",
        ],
        Label::ListenAddr => {
            &["10.0.0.1:80", "10.0.0.2:5432", "127.0.0.1:80", "[fd00::1]:80", "0.0.0.0:0", "x", ""]
        }
        Label::Address | Label::Instance => &["10.0.0.1:80", "10.0.0.2:5432", "127.0.0.1:80", "x", ""],
        Label::PodIp | Label::HostIp | Label::Ipv4 | Label::Ip | Label::DestinationIp => {
            &["10.0.0.1", "10.0.0.2", "fd00::1", "127.0.0.1", "10.0.0.256", ""]
        }
        Label::ClusterIp => &["10.96.0.1", "10.96.0.2", "None", ""],
        Label::Port => &["80", "5432", "99999", "-1", ""],
        Label::Uid => &["1", "2", "3", ""],
        Label::Namespace | Label::KubernetesNamespace | Label::Ns => &["shop", "kube-system", ""],
        Label::Pod | Label::PodName | Label::KubernetesPod => &["p1", "p2", "p1-n1", ""],
        Label::CreatedByKind => {
            &["ReplicaSet", "StatefulSet", "StatefulSet", "DaemonSet", "Job", "Pod", "Node", "Custom", ""]
        }
        Label::CreatedByName => &["cart-5d9c7b6f4", "cart-x", "cart", "p1", "p2", "cart-12", "", "-"],
        Label::Phase => &["Running", "Pending", "Failed", "?"],
        Label::Service | Label::Deployment | Label::Statefulset => &["cart", "pg", "kubernetes", ""],
        Label::ApplicationType => &["postgres", "redis", "nginx", "?", ""],
        Label::Engine => &["postgres", "redis", "?"],
        Label::RdsInstanceId | Label::EcInstanceId => &["", "", "r/a", "r/a/1", "r/b/1", "x", "/"],
        Label::ClusterId => &["r/a", "r/b", "x", ""],
        Label::Job => &["coroot-cluster-agent", "x", ""],
        Label::LabelCnpgIoCluster | Label::LabelStackgresIoClusterName => &["", "", "c1", "c2"],
        Label::Provider => &["aws", "AWS", "azure", "?", ""],
        Label::AvailabilityZone => &["1", "a", ""],
        Label::Proxy => &["", "", "docker-proxy"],
        Label::Fqdn => &["a.example", "b.example", ""],
        Label::Container => &["c1", "c2", "POD", ""],
        Label::Resource => &["cpu", "memory", "?"],
        Label::SystemdTriggeredBy => &["", "x.timer"],
        _ => &["a", "b", ""],
    }
}

/// The values of a series before the last one.
fn points_before(value: f32) -> Vec<f32> {
    match value {
        0.0 => vec![0.0, 3.0, 0.0],
        2.5 => vec![2.0, f32::NAN, f32::NAN, f32::NAN, 1.0, 2.5],
        _ => Vec::new(),
    }
}

fn series() -> impl Strategy<Value = FixtureSeries> {
    // Queries that define which objects exist come as often as all others together.
    let deciding = [
        "node_info",
        "kube_node_info",
        "kube_pod_info",
        "kube_pod_info",
        "kube_pod_status_phase",
        "kube_pod_labels",
        "kube_service_info",
        "container_info",
        "container_application_type",
        "container_net_tcp_listen_info",
        "container_net_tcp_active_connections",
        "container_net_tcp_active_connections",
        "container_net_tcp_failed_connects",
        "aws_rds_info",
        "pg_up",
    ];
    let all: Vec<&'static PrometheusQuery> = of_the_world().collect();
    let deciding: Vec<_> = all.iter().copied().filter(|query| deciding.contains(&query.name)).collect();
    let query = prop_oneof![prop::sample::select(deciding), prop::sample::select(all)];
    let values = prop::sample::select(vec![1.0, 1.0, 0.0, 2.5, -1.0, f32::INFINITY]);
    let ages = prop::sample::select(vec![0, 0, 0, 60, 600]);
    (query, vec(any::<Index>(), 24), values, ages).prop_map(|(query, picks, value, seconds_ago)| {
        let labels = query
            .labels
            .iter()
            .zip(picks)
            .map(|(label, pick)| (label.name().to_owned(), (*pick.get(texts_of(*label))).to_owned()));
        let points = points_before(value);
        FixtureSeries { query, labels: labels.collect(), value, seconds_ago, first_seconds_ago: 3600, points }
    })
}

/// The scene of some series, with some settings of the operator.
pub(in crate::world) fn of(series: Vec<FixtureSeries>) -> PrometheusFixture {
    PrometheusFixture::of(series).category("shop", "shop/*").custom_application("own", "pg@*")
}

/// Some series in two orders.
pub(in crate::world) fn two_orders() -> impl Strategy<Value = (Vec<FixtureSeries>, Vec<FixtureSeries>)> {
    vec(series(), 0..240).prop_flat_map(|series| (Just(series.clone()), Just(series).prop_shuffle()))
}

/// The lines without the rows of tables.
fn without_rows(world: &World<'_>) -> Vec<String> {
    let mut lines = digest(world);
    lines.retain(|line| !line.starts_with("series "));
    lines
}

/// The number of cases.
pub(in crate::world) fn cases() -> ProptestConfig {
    ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_order_of_series_and_the_numbers_of_texts_do_not_matter((series, shuffled) in two_orders()) {
        let (one, other) = (of(series), of(shuffled));
        prop_assert_eq!(one.look(digest), other.look_numbered(true, digest));
        prop_assert_eq!(one.facts(), other.look_numbered(true, InfrastructureFacts::of));
    }

    #[test]
    fn series_that_come_twice_change_nothing(
        series in vec(series(), 1..60),
        twice in vec(any::<Index>(), 0..30),
    ) {
        let mut more = series.clone();
        more.extend(twice.iter().map(|index| index.get(&series).clone()));
        let (one, other) = (of(series), of(more));
        prop_assert_eq!(one.facts(), other.facts());
        prop_assert_eq!(one.look(without_rows), other.look(without_rows));
    }

    #[test]
    fn labels_of_any_text_never_panic(
        series in vec(series(), 1..20),
        texts in vec(".{0,12}", 24),
    ) {
        let garbled = series.into_iter().map(|mut series| {
            for (text, garbage) in series.labels.values_mut().zip(&texts) {
                garbage.clone_into(text);
            }
            series
        });
        of(garbled.collect()).facts();
    }
}
