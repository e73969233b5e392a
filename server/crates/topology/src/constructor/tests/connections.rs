//! Tests of connections, their remote ends, and which applications count because of them.

use crate::fixture::{PrometheusFixture, scene};

const CLIENT_AND_SERVER: &str = "
    node_info machine_id=1 hostname=n1
    node_info machine_id=2 hostname=n2
    container_info machine_id=1 container_id=/docker/client
    container_info machine_id=2 container_id=/docker/server";

const CLIENT: &str = "machine_id=1 container_id=/docker/client";
const SERVER: &str = "machine_id=2 container_id=/docker/server";

fn connected(lines: &str) -> PrometheusFixture {
    let lines = lines.replace("$CLIENT", CLIENT).replace("$SERVER", SERVER);
    scene(CLIENT_AND_SERVER).and(&lines)
}

#[track_caller]
fn check(lines: &str, expected: &[&str]) {
    connected(lines).check_edges(expected);
}

const TO_SERVER: &[&str] = &["client@n1 -> _:Unknown:server server@n2"];

#[test]
fn a_connection_leads_to_what_listens_there() {
    check(
        "container_net_tcp_listen_info $SERVER listen_addr=10.0.0.2:80
         container_net_tcp_active_connections $CLIENT destination=10.0.0.2:80 actual_destination=10.0.0.2:80",
        TO_SERVER,
    );
    check(
        "container_net_tcp_listen_info $SERVER listen_addr=10.0.0.2:80 ~600 =0
         container_http_requests_count $CLIENT destination=10.9.9.9:80 actual_destination=10.0.0.2:80 =0",
        TO_SERVER,
    );
    check(
        "container_net_tcp_listen_info $SERVER listen_addr=[fd00::1]:80
         container_net_tcp_failed_connects $CLIENT destination=[fd00:0::1]:80",
        TO_SERVER,
    );
}

#[test]
fn series_of_one_connection_are_one_connection() {
    connected(
        "container_net_tcp_successful_connects $CLIENT destination=1.1.1.1:80 actual_destination=1.1.1.1:80 =2
         container_net_tcp_active_connections $CLIENT destination=1.1.1.1:80 actual_destination=1.1.1.1:80 =3
         container_http_requests_count $CLIENT destination=1.1.1.1:80 actual_destination=1.1.1.1:80 status=200 =5
         container_http_requests_count $CLIENT destination=1.1.1.1:80 actual_destination=1.1.1.1:80 status=200 =4
         container_http_requests_count $CLIENT destination=1.1.1.1:80 actual_destination=1.1.1.1:80 status=500 ~60
         container_http_requests_latency $CLIENT destination=1.1.1.1:80 actual_destination=1.1.1.1:80 =0.5
         container_rabbitmq_messages $CLIENT destination=1.1.1.1:80 actual_destination=1.1.1.1:80 status=ok method=produce
         container_net_latency $CLIENT destination_ip=1.1.1.1 =0.1
         container_net_latency $CLIENT destination_ip=nonsense",
    )
    .look(|world| {
        let (id, connection) = world.connections.iter().next().unwrap();
        assert_eq!(world.connections.len(), 1);
        assert_eq!((connection.successful_connects, connection.active), (2.0, 3.0));
        assert!(connection.failed_connects.is_nan() && connection.round_trip_time.is_some());
        let mut rates: Vec<_> = world
            .requests
            .of(id)
            .map(|entry| format!("{:?} {}{} {}", entry.protocol, world.text(entry.status), world.text(entry.method), entry.rate))
            .collect();
        rates.sort();
        assert_eq!(rates, ["Http 200 5", "Http 500 NaN", "Rabbitmq okproduce 1"]);
        assert_eq!(world.latencies.of(id).next().unwrap().seconds, 0.5);
    });
}

#[test]
fn a_proxy_answers_before_what_listens_itself() {
    let proxied = "
        container_info machine_id=2 container_id=/docker/proxied
        container_net_tcp_listen_info machine_id=2 container_id=/docker/proxied listen_addr=10.0.0.2:80 proxy=docker-proxy
        container_net_tcp_listen_info $SERVER listen_addr=10.0.0.2:80
        container_net_tcp_active_connections $CLIENT destination=10.0.0.2:80";
    check(proxied, &["client@n1 -> _:Unknown:proxied proxied@n2"]);
}

#[test]
fn a_pod_with_an_address_of_its_own_answers_on_any_port() {
    let pod = |host_ip: &str| {
        format!(
            "kube_pod_info uid=1 namespace=a pod=p created_by_kind=DaemonSet created_by_name=d pod_ip=10.1.0.1 host_ip={host_ip}
             container_net_tcp_active_connections $CLIENT destination=10.1.0.1:1234"
        )
    };
    check(&pod("10.0.0.1"), &["client@n1 -> a:DaemonSet:d p"]);
    check(&pod("10.1.0.1"), &["client@n1 -> external:ExternalService:external:1234 10.1.0.1:1234"]);
}

#[test]
fn a_loopback_address_is_one_of_its_node() {
    let listens = "container_net_tcp_listen_info $SERVER listen_addr=127.0.0.1:80";
    let remote = "container_net_tcp_active_connections $CLIENT destination=127.0.0.1:80";
    check(
        &format!("{listens}\n{remote}"),
        &["client@n1 -> external:ExternalService:external-http 127.0.0.1:80"],
    );
    let local = "container_net_tcp_active_connections machine_id=2 container_id=/docker/local destination=127.0.0.1:80";
    check(&format!("{listens}\n{local}"), &["local@n2 -> _:Unknown:server server@n2"]);
}

#[test]
fn a_loopback_address_is_one_of_its_machine_whatever_that_is_called() {
    scene(
        "node_info machine_id=1 hostname=same
         node_info machine_id=2 hostname=same
         container_net_tcp_listen_info machine_id=2 container_id=/docker/server listen_addr=127.0.0.1:80
         container_net_tcp_active_connections machine_id=1 container_id=/docker/client destination=127.0.0.1:80",
    )
    .check_edges(&["client@same -> external:ExternalService:external-http 127.0.0.1:80"]);
}

#[test]
fn a_loopback_address_of_nobody_knows_which_node_is_nobody_elses() {
    check(
        "container_net_tcp_listen_info machine_id=8 container_id=/docker/there listen_addr=127.0.0.1:80
         container_net_tcp_active_connections machine_id=9 container_id=/docker/here destination=127.0.0.1:80",
        &["here@ -> external:ExternalService:external-http 127.0.0.1:80"],
    );
}

#[test]
fn of_two_with_one_address_the_one_that_is_there_answers() {
    let pods = |phase_of_a: &str| {
        format!(
            "kube_pod_info uid=1 namespace=a pod=a created_by_kind=DaemonSet created_by_name=a pod_ip=10.1.0.1 host_ip=10.0.0.1
             kube_pod_info uid=2 namespace=a pod=b created_by_kind=DaemonSet created_by_name=b pod_ip=10.1.0.1 host_ip=10.0.0.1
             kube_pod_status_phase uid=1 phase=Running {phase_of_a}
             kube_pod_status_phase uid=2 phase=Running
             container_net_tcp_active_connections $CLIENT destination=10.1.0.1:1"
        )
    };
    check(&pods("~60"), &["client@n1 -> a:DaemonSet:b b"]);
    check(&pods(""), &["client@n1 -> a:DaemonSet:a a"]);
}

const SERVICE: &str = "
    kube_service_info namespace=shop service=cart cluster_ip=10.96.0.9
    kube_service_info namespace=shop service=headless cluster_ip=None
    kube_service_info namespace=default service=kubernetes cluster_ip=10.96.0.1";

#[test]
fn a_service_leads_to_the_application_of_its_name() {
    let deployment = "kube_pod_info uid=1 namespace=shop pod=cart-5d9c7b6f4-a created_by_kind=ReplicaSet created_by_name=cart-5d9c7b6f4";
    let failed = "container_net_tcp_failed_connects $CLIENT destination=10.96.0.9:80";
    check(&format!("{SERVICE}\n{deployment}\n{failed}"), &["client@n1 -> shop:Deployment:cart"]);
    let stateful =
        "kube_pod_info uid=2 namespace=shop pod=cart-0 created_by_kind=StatefulSet created_by_name=cart";
    let cron_job = "kube_pod_info uid=3 namespace=shop pod=cart-28394820-x created_by_kind=Job created_by_name=cart-28394820";
    // Of several applications with that name one that has instances counts; of those, the smallest kind.
    check(
        &format!("{SERVICE}\n{stateful}\n{deployment}\n{cron_job}\n{failed}"),
        &["client@n1 -> shop:Deployment:cart"],
    );
    check(&format!("{SERVICE}\n{failed}"), &["client@n1 -> external:ExternalService:cart 10.96.0.9:80"]);
    check(
        &format!(
            "{SERVICE}\n container_net_tcp_active_connections $CLIENT destination=10.96.0.1:443 actual_destination=10.0.0.9:6443"
        ),
        &["client@n1 -> external:ExternalService:kube-apiserver 10.96.0.1:443"],
    );
}

#[test]
fn a_service_without_a_namespace_leads_to_nothing_outside_kubernetes() {
    check(
        "kube_service_info service=cart cluster_ip=10.96.0.9
         container_info machine_id=1 container_id=/docker/cart
         container_net_tcp_failed_connects $CLIENT destination=10.96.0.9:80",
        &["client@n1 -> external:ExternalService:cart 10.96.0.9:80"],
    );
}

#[test]
fn a_service_leads_where_its_other_connections_lead() {
    let listens = "container_net_tcp_listen_info $SERVER listen_addr=10.0.0.2:80";
    let one = "container_net_tcp_active_connections $CLIENT destination=10.96.0.9:80 actual_destination=10.0.0.2:80";
    let failed = "container_net_tcp_failed_connects $CLIENT destination=10.96.0.9:80";
    check(
        &format!("{SERVICE}\n{listens}\n{one}\n{failed}"),
        &["client@n1 -> _:Unknown:server", "client@n1 -> _:Unknown:server server@n2"],
    );
    let two = "
        container_net_tcp_listen_info machine_id=2 container_id=/docker/second listen_addr=10.0.0.3:80
        container_net_tcp_active_connections $CLIENT destination=10.96.0.9:80 actual_destination=10.0.0.3:80";
    check(
        &format!("{SERVICE}\n{listens}\n{one}\n{two}\n{failed}"),
        &[
            "client@n1 -> _:Unknown:second second@n2",
            "client@n1 -> _:Unknown:server server@n2",
            "client@n1 -> external:ExternalService:cart 10.96.0.9:80",
        ],
    );
}

#[test]
fn who_connects_straight_to_what_a_service_reaches_uses_the_service() {
    let other = "machine_id=2 container_id=/docker/other";
    let through = "container_net_tcp_active_connections $CLIENT destination=10.96.0.9:80 actual_destination=10.1.0.1:8080";
    let straight = format!(
        "container_net_tcp_active_connections {other} destination=10.1.0.1:8080 actual_destination=10.1.0.1:8080"
    );
    check(
        &format!("{SERVICE}\n{through}\n{straight}"),
        &[
            "client@n1 -> external:ExternalService:cart 10.96.0.9:80",
            "other@n2 -> external:ExternalService:cart 10.1.0.1:8080",
        ],
    );
    let facts = connected(&format!("{SERVICE}\n{through}\n{straight}")).facts();
    assert_eq!((facts.applications, facts.instances), (3, 4));
    // On a port without a known listener it is still the application behind the service.
    let listens = "container_net_tcp_listen_info $SERVER listen_addr=10.1.0.1:8080";
    let other_port = straight.replace(":8080", ":9090");
    check(
        &format!("{SERVICE}\n{listens}\n{through}\n{other_port}"),
        &["client@n1 -> _:Unknown:server server@n2", "other@n2 -> _:Unknown:server"],
    );
}

#[test]
fn what_is_not_observed_is_what_the_client_connects_to_whatever_is_behind_it() {
    let calls: String = (1..=6)
        .flat_map(|number| [CLIENT, SERVER].map(|client| (number, client)))
        .map(|(number, client)| {
            format!(
                "ip_to_fqdn ip=10.2.0.{number} fqdn=node-{number}.example
                 container_net_tcp_active_connections {client} destination=db.example:5432 actual_destination=10.2.0.{number}:15432\n"
            )
        })
        .collect();
    let facts = connected(&calls).facts();
    assert_eq!((facts.applications, facts.instances), (3, 3));
    let published: String = (1..=4)
        .map(|number| {
            format!(
                "container_net_tcp_active_connections $CLIENT destination=192.168.1.{number}:443 actual_destination=172.18.0.{number}:800{number}\n"
            )
        })
        .collect();
    let facts = connected(&published).facts();
    assert_eq!((facts.applications, facts.instances), (2, 5));
}

#[test]
fn a_custom_application_takes_endpoints_that_are_not_observed() {
    let lines = "container_net_tcp_active_connections $CLIENT destination=10.1.1.1:80 actual_destination=10.9.0.1:8080
         container_net_tcp_active_connections $CLIENT destination=10.1.1.2:5432 actual_destination=10.1.1.2:5432
         container_net_tcp_active_connections $CLIENT destination=10.2.1.1:80 actual_destination=10.1.1.1:80";
    connected(lines).custom_application("ext", "10.1.1.*").check_edges(&[
        "client@n1 -> external:ExternalService:ext 10.1.1.1:80",
        "client@n1 -> external:ExternalService:ext 10.1.1.2:5432",
        "client@n1 -> external:ExternalService:external-http 10.2.1.1:80",
    ]);
}

#[test]
fn what_is_not_observed_has_a_name() {
    check(
        "ip_to_fqdn ip=1.2.3.4 fqdn=b.example \n ip_to_fqdn ip=1.2.3.4 fqdn=a.example \n ip_to_fqdn ip=x fqdn=y
         container_net_tcp_active_connections $CLIENT destination=1.2.3.4:443 actual_destination=1.2.3.4:443
         container_net_tcp_active_connections $CLIENT destination=1.2.3.5:5432 actual_destination=1.2.3.5:5432
         container_net_tcp_active_connections $CLIENT destination=1.2.3.6:5432 actual_destination=1.2.3.6:5432
         container_net_tcp_failed_connects $CLIENT destination=api.example:8443",
        &[
            "client@n1 -> external:ExternalService:a.example:443 1.2.3.4:443",
            "client@n1 -> external:ExternalService:api.example api.example:8443",
            "client@n1 -> external:ExternalService:external-postgres 1.2.3.5:5432",
            "client@n1 -> external:ExternalService:external-postgres 1.2.3.6:5432",
        ],
    );
}

#[test]
fn addresses_that_cannot_be_read_and_docker_have_no_connections() {
    check(
        "container_net_tcp_active_connections $CLIENT destination=nonsense
         container_net_tcp_active_connections $CLIENT destination=1.2.3.4:99999
         container_net_tcp_active_connections $CLIENT destination=1.2.3.4:80 actual_destination=nonsense
         container_net_tcp_active_connections $CLIENT
         container_net_tcp_active_connections machine_id=1 container_id=/system.slice/docker.service destination=1.2.3.4:80",
        &[],
    );
}

#[test]
fn an_application_that_talks_to_others_counts() {
    let facts = connected(
        "container_net_tcp_listen_info $SERVER listen_addr=10.0.0.2:80
         container_net_tcp_active_connections $CLIENT destination=10.0.0.2:80
         container_info machine_id=1 container_id=/docker/alone
         container_application_type machine_id=1 container_id=/docker/alone application_type=nginx
         container_application_type $SERVER application_type=redis
         container_application_type $CLIENT application_type=acme-billing
         container_application_type $CLIENT application_type=redis",
    )
    .facts();
    assert_eq!((facts.nodes, facts.applications, facts.instances), (2, 2, 2));
    assert_eq!(facts.services.into_iter().collect::<Vec<_>>(), ["other", "redis"]);
}

#[test]
fn an_external_service_counts_with_its_endpoints() {
    let facts = connected(
        "container_net_tcp_active_connections $CLIENT destination=1.2.3.5:5432 actual_destination=1.2.3.5:5432
         container_net_tcp_active_connections $CLIENT destination=1.2.3.6:5432 actual_destination=1.2.3.6:5432",
    )
    .facts();
    assert_eq!((facts.applications, facts.instances), (2, 3));
}

#[test]
fn talking_to_oneself_does_not_count() {
    let facts = connected(
        "container_net_tcp_listen_info $SERVER listen_addr=10.0.0.2:80
         container_net_tcp_active_connections machine_id=1 container_id=/docker/server destination=10.0.0.2:80",
    )
    .facts();
    assert_eq!(facts.applications, 0);
}

#[test]
fn a_connection_to_a_service_alone_counts_for_that() {
    let facts = connected(
        "kube_service_info namespace=_ service=server cluster_ip=10.96.0.9
         container_net_tcp_failed_connects $CLIENT destination=10.96.0.9:80",
    )
    .facts();
    assert_eq!((facts.applications, facts.instances), (1, 1));
}

#[test]
fn what_runs_and_watches_the_infrastructure_does_not_count() {
    let lines = "
        container_net_tcp_listen_info $SERVER listen_addr=10.0.0.2:80
        container_net_tcp_active_connections machine_id=1 container_id=/docker/prometheus destination=10.0.0.2:80
        container_net_tcp_active_connections machine_id=1 container_id=/docker/prometheus destination=10.0.0.2:81";
    assert_eq!(connected(lines).facts().applications, 2);
    assert_eq!(connected(lines).category("control-plane", "_/serve?").facts().applications, 1);
    assert_eq!(connected(lines).category("aaa", "*/prometheus").facts().applications, 3);
    assert_eq!(connected(lines).category("zzz", "*/prometheus").facts().applications, 2);
}

#[test]
fn edges_of_pods_that_are_gone_do_not_count_and_their_instances_do() {
    let pods = |phase: &str, other_pod: &str| {
        connected(&format!(
            "container_net_tcp_listen_info $SERVER listen_addr=10.0.0.2:80
             kube_pod_info uid=1 namespace=a pod=a-1 created_by_kind=DaemonSet created_by_name=a node=n1
             kube_pod_status_phase uid=1 phase=Running {phase}
             container_net_tcp_active_connections machine_id=1 container_id=/k8s/a/a-1/c destination=10.0.0.2:80
             {other_pod}"
        ))
        .facts()
    };
    assert_eq!((pods("", "").applications, pods("~60", "").applications), (2, 0));
    let gone = "
        kube_pod_info uid=2 namespace=a pod=a-2 created_by_kind=DaemonSet created_by_name=a node=n1 ~600
        kube_pod_status_phase uid=2 phase=Running ~600";
    assert_eq!(pods("", gone).instances, 3);
}
