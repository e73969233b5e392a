//! Tests the client against a real Prometheus, if one is installed.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead, BufReader, ErrorKind},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};

use headcount_outbound::TargetPolicy;
use headcount_platform::clock::{Clock, SystemClock};
use headcount_prometheus::{
    client::{AnswerTooLarge, PrometheusClient, QuerySpan, SeriesSink},
    prometheus_access::PrometheusAccess,
    query::PrometheusQuery,
};
use headcount_topology::queries::{
    self, INBOUND_LATENCY, INBOUND_REQUESTS, KUBE_NODE_INFO, KUBE_POD_INIT_CONTAINER_INFO, KUBE_SERVICE_INFO,
    REDIS_UP, UP,
};

/// The limit for everything that a real Prometheus has to do. It takes some seconds on an idle machine.
const LIMIT: Duration = Duration::from_secs(120);

/// The pause between two looks at a Prometheus that has not scraped yet, which it does every second.
const LOOK: Duration = Duration::from_millis(100);

/// Records a series with a label that has to be escaped, every second.
const RULES: &str = r#"
groups:
- name: test
  interval: 1s
  rules:
  - record: up
    expr: vector(1)
    labels: {job: "é\"\\", cluster: a}
  - record: up
    expr: vector(1)
    labels: {job: other, cluster: b}
"#;

/// A Prometheus on a free port. It ends with the test.
struct RealPrometheus {
    process: Child,
    url: String,
}

impl RealPrometheus {
    /// `None` where Prometheus is not installed.
    fn start(dir: &Path) -> Option<Self> {
        std::fs::write(dir.join("rules.yml"), RULES).unwrap();
        Self::start_with(dir, "rule_files: [rules.yml]\n")
    }

    fn start_with(dir: &Path, config: &str) -> Option<Self> {
        std::fs::write(dir.join("prometheus.yml"), config).unwrap();
        let started = Command::new("prometheus")
            .arg(format!("--config.file={}", dir.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            started => started.unwrap(),
        };
        let lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let (send, said) = mpsc::channel();
        // All lines are read, because a full pipe would stop it; after the start nothing receives them.
        std::thread::spawn(move || lines.for_each(|line| _ = send.send(line)));
        // It logs both, in either order.
        let (mut address, mut is_ready) = (None, false);
        while address.is_none() || !is_ready {
            let line =
                said.recv_timeout(LIMIT).expect("Prometheus says where it listens and when it is ready");
            is_ready |= line.contains("Server is ready to receive web requests");
            let listens = line.split_once("msg=\"Listening on\" address=");
            address = address.or(listens.map(|(_, address)| format!("http://{address}")));
        }
        Some(Self { process, url: address.unwrap() })
    }

    fn client(&self, extra_selector: &str) -> PrometheusClient {
        let access = PrometheusAccess {
            url: self.url.clone(),
            refresh_interval: Duration::from_secs(30),
            tls_skip_verify: false,
            basic_auth: None,
            extra_selector: extra_selector.to_owned(),
            custom_headers: Vec::new(),
        };
        PrometheusClient::new(&access, TargetPolicy::default(), Arc::new(SystemClock::new())).unwrap()
    }
}

impl Drop for RealPrometheus {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[derive(Debug, Default)]
struct SeriesTexts(Vec<Vec<String>>);

impl SeriesSink for SeriesTexts {
    fn series(&mut self, labels: &[&str]) -> Result<(), AnswerTooLarge> {
        self.0.push(labels.iter().map(|&label| label.to_owned()).collect());
        Ok(())
    }

    fn point(&mut self, _: u32, value: f32) -> Result<(), AnswerTooLarge> {
        assert!((value - 1.0).abs() < f32::EPSILON);
        Ok(())
    }
}

fn last_minute() -> QuerySpan {
    let to = u32::try_from(SystemClock::new().wall().as_secs()).unwrap();
    QuerySpan { from: to - 60, to, step: 15 }
}

#[tokio::test]
async fn a_real_prometheus_accepts_every_query_and_is_understood() {
    let dir = tempfile::tempdir().unwrap();
    let Some(real) = RealPrometheus::start(dir.path()) else {
        println!("prometheus is not installed: nothing was asked");
        return;
    };
    for selector in ["", r#"{cluster="a"}"#, r#"{cluster!="b\"\\",zone!~"d.*|(e)",env=~"",team=~`.*`}"#] {
        let prometheus = real.client(selector);
        for query in queries::all() {
            let answer = prometheus.range(query, last_minute(), 45, SeriesTexts::default()).await;
            assert!(answer.is_ok(), "{} with {selector}: {answer:?}", query.name);
        }
    }
    let prometheus = real.client(r#"{cluster="a"}"#);
    assert_eq!(scraped(&prometheus, &UP).await, ["é\"\\", ""]);
}

/// The metrics of an exporter about the cluster and about itself.
const CLUSTER: &str = "\
kube_node_info{node=\"n1\",system_uuid=\"s1\",kernel_version=\"6.1\"} 1
kube_service_info{namespace=\"shop\",service=\"cart\",cluster_ip=\"10.96.0.1\"} 1
kube_pod_init_container_info{uid=\"u1\",namespace=\"shop\",pod=\"cart-1\",container=\"main\"} 1
redis_up{namespace=\"theirs\"} 1
";

/// The labels of a scraped pod, as the operator for Prometheus sets them.
const TARGET: &str =
    "{namespace: monitoring, pod: metrics-1, container: exporter, node: n9, service: metrics}";

#[tokio::test]
async fn what_kube_state_metrics_says_is_read_the_same_with_and_without_honor_labels() {
    for honor_labels in [false, true] {
        let exporter = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = exporter.local_addr().unwrap();
        let says = axum::Router::new().route("/metrics", axum::routing::get(async || CLUSTER));
        tokio::spawn(async move { axum::serve(exporter, says).await });
        let dir = tempfile::tempdir().unwrap();
        let config = format!(
            "scrape_configs:\n- job_name: kube\n  scrape_interval: 1s\n  honor_labels: {honor_labels}\n  static_configs:\n  \
             - targets: ['{target}']\n    labels: {TARGET}\n"
        );
        let Some(real) = RealPrometheus::start_with(dir.path(), &config) else {
            println!("prometheus is not installed: nothing was asked");
            return;
        };
        let prometheus = real.client("");
        for (query, expected) in [
            (&KUBE_NODE_INFO, "s1 n1 6.1"),
            (&KUBE_SERVICE_INFO, "shop cart 10.96.0.1"),
            (&KUBE_POD_INIT_CONTAINER_INFO, "u1 shop cart-1 main"),
        ] {
            let found = scraped(&prometheus, query).await;
            assert_eq!(found.join(" "), expected, "honor_labels: {honor_labels}");
        }
        // An exporter of a database is identified by the pod in which it runs.
        let namespace = if honor_labels { "theirs" } else { "monitoring" };
        let found = scraped(&prometheus, &REDIS_UP).await;
        assert!(
            found.contains(&namespace.to_owned()) && found.contains(&"metrics-1".to_owned()),
            "{found:?}"
        );
    }
}

/// The texts of the only series, as soon as it was scraped.
async fn scraped(prometheus: &PrometheusClient, query: &'static PrometheusQuery) -> Vec<String> {
    let look = async {
        loop {
            let (texts, _) =
                prometheus.range(query, last_minute(), 45, SeriesTexts::default()).await.unwrap();
            if let [only] = &texts.0[..] {
                return only.clone();
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(LIMIT, look).await.unwrap()
}

/// Counters that grow by so much a second.
const COUNTERS: &[(&str, u64)] = &[
    (
        r#"container_http_requests_total{container_id="/docker/a",destination="d:1",status="200",cluster="a"}"#,
        10,
    ),
    (
        r#"container_http_requests_total{container_id="/docker/b",destination="d:1",status="200",cluster="a"}"#,
        20,
    ),
    (
        r#"container_postgres_queries_total{container_id="/docker/a",destination="d:1",status="200",cluster="a"}"#,
        3,
    ),
    (
        r#"container_http_requests_total{container_id="/docker/a",destination="d:1",status="500",cluster="a"}"#,
        4,
    ),
    (
        r#"container_nats_messages_total{container_id="/docker/a",destination="d:1",status="500",cluster="b"}"#,
        5,
    ),
    (
        r#"container_http_requests_total{container_id="/k8s/monitoring/p/c",destination="d:1",status="200",cluster="a"}"#,
        999,
    ),
    (
        r#"container_redis_queries_duration_seconds_total_bucket{container_id="/docker/a",destination="d:1",le="0.5"}"#,
        6,
    ),
    (
        r#"container_mysql_queries_duration_seconds_total_bucket{container_id="/docker/a",destination="d:1",le="0.5"}"#,
        7,
    ),
];

/// Writes the last quarter of an hour of the counters to the data directory of Prometheus. Returns `false` if
/// its tool is not installed.
fn write_history(dir: &Path) -> bool {
    let now = SystemClock::new().wall().as_secs();
    let begin = now - 900;
    let mut text = String::new();
    for (series, growth) in COUNTERS {
        for at in (begin..=now).step_by(15) {
            text.push_str(&format!("{series} {} {at}\n", (at - begin) * growth));
        }
    }
    text.push_str("# EOF\n");
    let file = dir.join("history.txt");
    std::fs::write(&file, text).unwrap();
    let written = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([file, dir.join("data")])
        .stdout(Stdio::null())
        .status();
    match written {
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        written => written.unwrap().success(),
    }
}

/// The texts of each series, and its newest value.
#[derive(Debug, Default)]
struct SeriesValues(Vec<(String, f32)>);

impl SeriesSink for SeriesValues {
    fn series(&mut self, labels: &[&str]) -> Result<(), AnswerTooLarge> {
        self.0.push((labels.join(" "), f32::NAN));
        Ok(())
    }

    fn point(&mut self, _: u32, value: f32) -> Result<(), AnswerTooLarge> {
        self.0.last_mut().unwrap().1 = value.round();
        Ok(())
    }
}

#[tokio::test]
async fn requests_of_all_protocols_and_clients_but_those_that_watch_add_up() {
    let dir = tempfile::tempdir().unwrap();
    if !write_history(dir.path()) {
        println!("promtool is not installed: nothing was asked");
        return;
    }
    let Some(real) = RealPrometheus::start(dir.path()) else { return };
    let to = u32::try_from(SystemClock::new().wall().as_secs()).unwrap() - 30;
    let span = QuerySpan { from: to, to, step: 300 };
    let ask = async |query: &'static PrometheusQuery, selector: &str| {
        let (SeriesValues(mut values), _) =
            real.client(selector).range(query, span, 45, SeriesValues::default()).await.unwrap();
        values.sort_by(|one, other| one.0.cmp(&other.0));
        values
    };
    let series = |text: &str, value: f32| (text.to_owned(), value);
    assert_eq!(ask(&INBOUND_REQUESTS, "").await, [series("d:1  200", 33.0), series("d:1  500", 9.0)]);
    let of_one = ask(&INBOUND_REQUESTS, r#"{cluster="a"}"#).await;
    assert_eq!(of_one, [series("d:1  200", 33.0), series("d:1  500", 4.0)]);
    assert_eq!(ask(&INBOUND_LATENCY, "").await, [series("d:1  0.5", 13.0)]);
}
