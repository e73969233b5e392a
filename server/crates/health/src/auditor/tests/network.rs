//! Tests of the reports on the network, DNS and logs.

use super::*;

/// `app` is connected to `db`, which listens on two nodes, with a different address on each.
const CONNECTED: &str = "node_info machine_id=o hostname=o
    container_net_tcp_listen_info machine_id=m container_id=/docker/db listen_addr=10.0.0.1:5432
    container_net_tcp_listen_info machine_id=o container_id=/docker/db listen_addr=10.0.0.2:5432
    container_net_tcp_active_connections APP destination=10.0.0.2:5432 actual_destination=10.0.0.2:5432";

const ACTIVE: &str = "container_net_tcp_active_connections APP destination=10.0.0.1:5432 \
    actual_destination=10.0.0.1:5432";

#[test]
fn a_destination_fires_when_packets_take_more_than_10_ms_in_the_mean() {
    let times = |one: &str, other: &str| {
        format!(
            "{ACTIVE}
             container_net_latency APP destination_ip=10.0.0.1 ={one}
             container_net_latency APP destination_ip=10.0.0.2 ={other}"
        )
    };
    check(
        Inspection::NetworkRTT,
        CONNECTED,
        &[
            (&times("0.005", "0.014"), Some(Ok)),
            (&times("0.005", "0.016"), Some(Warning)),
            (&times("0.01", "0.01"), Some(Ok)),
            (&times("0.02 ~60", "0.01"), Some(Ok)),
            (ACTIVE, Some(Ok)),
        ],
    );
}

#[test]
fn instances_of_one_application_are_destinations_of_their_own() {
    let own = CONNECTED.replace("/docker/db", "/docker/app");
    let near = format!("{ACTIVE}\n container_net_latency APP destination_ip=10.0.0.1 =0.001");
    let far = "container_net_latency APP destination_ip=10.0.0.2 =0.012";
    check(Inspection::NetworkRTT, &own, &[(&format!("{near}\n{far}"), Some(Warning)), (&near, Some(Ok))]);
}

#[test]
fn without_a_connection_there_is_no_report() {
    for inspection in
        [Inspection::NetworkRTT, Inspection::NetworkConnectivity, Inspection::NetworkTCPConnections]
    {
        check(inspection, "container_info APP", &[("", None)]);
    }
}

#[test]
fn a_connection_that_is_used_fires_when_packets_were_not_answered_lately() {
    check(
        Inspection::NetworkConnectivity,
        CONNECTED,
        &[
            (&format!("{ACTIVE}\n container_net_latency APP destination_ip=10.0.0.1 ~180"), Some(Warning)),
            (&format!("{ACTIVE}\n container_net_latency APP destination_ip=10.0.0.1 ~120"), Some(Ok)),
            (&format!("{ACTIVE} =0\n container_net_latency APP destination_ip=10.0.0.1 ~180"), Some(Ok)),
            (&format!("{ACTIVE} ~60\n container_net_latency APP destination_ip=10.0.0.1 ~180"), Some(Ok)),
            (ACTIVE, Some(Ok)),
        ],
    );
}

#[test]
fn failed_connects_fire() {
    check(
        Inspection::NetworkTCPConnections,
        CONNECTED,
        &[
            ("container_net_tcp_failed_connects APP destination=10.0.0.1:5432 =0.1", Some(Warning)),
            ("container_net_tcp_failed_connects APP destination=10.0.0.1:5432 =0", Some(Ok)),
            ("container_net_tcp_failed_connects APP destination=10.0.0.1:5432 =0.1 ~60", Some(Ok)),
        ],
    );
}

#[test]
fn what_is_gone_is_not_missed() {
    let gone = on_a_node(
        "kube_pod_info uid=1 namespace=s pod=db-0 node=n pod_ip=10.0.0.1 host_ip=10.0.1.1 \
            created_by_kind=StatefulSet created_by_name=db
         kube_pod_status_phase uid=1 phase=Running =PHASE
         container_net_latency APP destination_ip=10.0.0.1 ~180"
            .replace("PHASE", "0")
            .as_str(),
    );
    let here = gone.clone().and("kube_pod_status_phase uid=1 phase=Running");
    for (scene, expected) in [(gone, Ok), (here, Warning)] {
        let scene = scene.and(&ACTIVE.replace("APP", APP));
        assert_eq!(answer(&scene, "app", Inspection::NetworkConnectivity), Some(expected));
    }
}

const RESOLVED: &str = "container_dns_requests_total APP domain=a request_type=TypeA status=ok";

#[test]
fn answers_of_servers_that_fail_fire() {
    check(
        Inspection::DnsServerErrors,
        RESOLVED,
        &[
            ("container_dns_requests_total APP domain=a request_type=TypeA status=servfail", Some(Warning)),
            // A minute of 0.6 requests, and one of 0.3.
            (
                "container_dns_requests_total APP domain=a request_type=TypeA status=servfail =.,0.01",
                Some(Warning),
            ),
            (
                "container_dns_requests_total APP domain=a request_type=TypeA status=servfail =.,0.005",
                Some(Ok),
            ),
            ("container_dns_requests_total APP domain=a request_type=TypeA status=nxdomain", Some(Ok)),
            ("", Some(Ok)),
        ],
    );
}

#[test]
fn names_that_do_not_exist_fire_unless_none_of_their_type_ever_did() {
    let nameless = "container_dns_requests_total APP status=nxdomain";
    check(
        Inspection::DnsNxdomainErrors,
        RESOLVED,
        &[
            (&format!("{nameless} domain=a request_type=TypeA"), Some(Warning)),
            (&format!("{nameless} domain=a request_type=TypeA =.,0.01"), Some(Warning)),
            (&format!("{nameless} domain=a request_type=TypeA =.,0.005"), Some(Ok)),
            (&format!("{nameless} domain=a request_type=TypeAAAA"), Some(Ok)),
            (&format!("{nameless} domain=b request_type=TypeA"), Some(Ok)),
            ("", Some(Ok)),
        ],
    );
}

#[test]
fn dns_fires_when_one_of_20_requests_takes_more_than_100_ms() {
    let buckets = |quick: &str| {
        format!(
            "container_dns_requests_latency APP le=0.1 ={quick}
             container_dns_requests_latency APP le=1 =100
             container_dns_requests_latency APP le=+Inf =100"
        )
    };
    check(
        Inspection::DnsLatency,
        RESOLVED,
        &[
            (&buckets("95"), Some(Ok)),
            (&buckets("94"), Some(Warning)),
            (&buckets("0"), Some(Warning)),
            ("", Some(Ok)),
        ],
    );
    check(Inspection::DnsLatency, "container_info APP", &[(&buckets("0"), None)]);
    check(Inspection::DnsLatency, &format!("{RESOLVED} =0"), &[(&buckets("0"), None)]);
}

#[test]
fn one_error_in_the_logs_is_enough() {
    let messages = |level: &str| format!("container_log_messages APP job=j instance=i level={level} =5,5,6");
    check(
        Inspection::LogErrors,
        "container_info APP",
        &[
            (&messages("error"), Some(Warning)),
            (&messages("critical"), Some(Warning)),
            (&messages("warning"), Some(Ok)),
            ("container_log_messages APP job=j instance=i level=error", Some(Ok)),
            ("", Some(Ok)),
        ],
    );
    for (level, expected) in [("error", Warning), ("info", Ok)] {
        let managed = format!(
            "aws_rds_info rds_instance_id=r/db\n up job=j instance=i =1,1,1
             aws_rds_log_messages_total rds_instance_id=r/db job=j instance=i level={level} =5,5,6"
        );
        assert_eq!(answer(&scene(&managed), "db", Inspection::LogErrors), Some(expected));
    }
}
