//! Starts the servers whose pages are shown: one that observes and reports, and two with usage statistics
//! off.
//!
//! Their clocks stand still, and so does that of the browser. The observed metrics are those of simulated
//! installations before that moment, and the sent reports are those of a simulated one.

use std::{path::Path, time::Duration};

use headcount_harness::{
    browser::{Browser, Engine},
    processes::HeadcountProcess,
    program::HeadcountProgram,
    prometheus::RunningPrometheus,
    wait::eventually,
};
use headcount_shared::api::{NodeTable, ObservationStatus};
use headcount_sim::{
    SimulatedInfrastructure, check_configs,
    coroot_projects::{self, CorootProject},
    observed_fleets::recorded,
    shape::{CallFailures, FleetShape},
};
use serde_json::json;
use tokio::sync::OnceCell;

use super::{
    interface_page::{InterfacePage, PageServer},
    sent_reports,
};
use crate::{
    process_clock::stopped_at,
    setup::{TestSetup, event, own_address},
    world::{TRUE_AT_LAST, priced, until_true},
};

/// What all clocks say, in Unix seconds: noon of a Tuesday.
const NOW: u64 = 1_782_820_800;

/// The age of the simulated installations, in seconds.
const AGE: i64 = 600;

/// How often they are scraped, in seconds.
const SCRAPES: i64 = 15;

/// How often Prometheus is queried.
const REFRESH: Duration = Duration::from_secs(15);

/// Two of five requests to one application fail since 50 minutes, and some are slow.
const TROUBLE: CallFailures = CallFailures { from: -2400, until: 3600, failing: 0.4, slow: 0.1 };

/// The application to which they fail, as calls write it.
const FAILING: &str = "shop/orders";

/// The project whose Prometheus does not answer.
const UNANSWERED: &str = "lost";

/// Runs in every page before its scripts.
const STABLE: &str = include_str!("stable_answers.js");

/// Whether everything that the page asked for is shown.
const IS_SHOWN: &str = "return globalThis.awaited === 0 && document.querySelector('main h1') !== null
    && document.querySelector('main .waiting, main [aria-busy=true]') === null";

/// How many browsers have opened how many pages.
const VIEWS: [(&str, u32); 4] =
    [("/", 3), ("/p/shop", 4), ("/p/shop/app/shop:Deployment:orders/SLO", 5), ("/usage-statistics", 1)];

/// The servers, and what their pages are shown with.
pub(super) struct ShownInstallation {
    reporting: HeadcountProcess,
    switched_off: HeadcountProcess,
    disabled: HeadcountProcess,
    /// The name of a node of the project `shop`.
    node: String,
    /// The script of every page.
    script: String,
    _setups: [TestSetup; 3],
    _prometheus: RunningPrometheus,
    _collector: HeadcountProcess,
}

impl ShownInstallation {
    /// The installation of all tests that only look at it. It is made by the first of them.
    pub(super) async fn shared() -> &'static Self {
        static SHARED: OnceCell<ShownInstallation> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        let [setup, other, another] = [(); 3].map(|()| TestSetup::new());
        let fleets = fleets();
        let until = i64::try_from(NOW).unwrap();
        let directory = setup.path("prometheus");
        let prometheus = recorded(&directory, own_address(), fleets.to_vec(), SCRAPES, until);
        let prometheus = prometheus.await.unwrap();
        let nowhere = own_address();
        let program = priced(&setup, &setup.path("server"));
        configure(program.data_dir(), &fleets, &prometheus.url(""), &format!("http://{nowhere}/")).await;
        let measured = sent_reports::queue(program.data_dir(), NOW);
        let collector = stopped(setup.collector()).await.start().await.unwrap();
        let program = program.flag("--collector-url", collector.url("ce/usage-statistics"));
        let program = program.flag("--first-report-after", "1h");
        let server = stopped(program).await.start().await.unwrap();
        for (page, views) in VIEWS {
            for _ in 0..views {
                setup.view(&server, &event(page)).await;
            }
        }
        let expected = || {
            fleets.iter().map(|fleet| fleet.expected_counts(until)).reduce(|one, other| one + other).unwrap()
        };
        until_true(&setup, &server, "both projects", expected).await;
        everything_is_known(&setup, &server, &fleets).await;
        everything_is_sent(&setup, &server).await;
        let nodes: NodeTable = setup.get(&server.url("api/projects/shop/nodes")).await.json().await.unwrap();
        let switched_off = stopped(other.server_to("http://127.0.0.1:9/")).await.start().await.unwrap();
        assert!(other.switch(&switched_off, false).await.status().is_success());
        let disabled = another.server_to("http://127.0.0.1:9/").argument("--disable-usage-statistics");
        let disabled = stopped(disabled).await.start().await.unwrap();
        let names = json!([
            [prometheus.url("").trim_end_matches('/'), "http://prometheus.example:9090"],
            [nowhere.to_string(), "lost.example:9090"],
            [collector.url("").trim_end_matches('/'), "https://collector.example"],
            ["http://127.0.0.1:9/", "https://collector.example/"],
        ]);
        let random = json!({
            "uuid": "6f1e0c52-7a3d-8b64-9c1f-2d3e4f5a6b7c",
            "sha256": "0123456789abcdef".repeat(4),
        });
        let stable = json!({ "now": NOW * 1000, "names": names, "measured": measured, "random": random });
        Self {
            script: format!("{{ const stable = {stable}\n{STABLE} }}"),
            node: nodes.nodes[0].name.clone(),
            reporting: server,
            switched_off,
            disabled,
            _setups: [setup, other, another],
            _prometheus: prometheus,
            _collector: collector,
        }
    }

    /// A browser of its own that shows stable pages.
    pub(super) async fn browser(&self) -> Browser {
        let browser = Browser::open_own(Engine::Chromium, 1280).await;
        for server in [&self.reporting, &self.switched_off, &self.disabled] {
            browser.sign_in(server).await;
        }
        let script = json!({ "source": self.script });
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", script).await;
        browser
    }

    /// Opens a page, and waits until it shows all that it has.
    pub(super) async fn show(&self, browser: &Browser, page: &InterfacePage) {
        let server = match page.server {
            PageServer::Reporting => &self.reporting,
            PageServer::SwitchedOff => &self.switched_off,
            PageServer::Disabled => &self.disabled,
        };
        browser.visit(server, &page.address.replace("NODE", &self.node)).await;
        browser.wait_for(IS_SHOWN).await;
        if let Some(prepared) = page.prepared {
            browser.run(prepared).await;
            browser.wait_for(IS_SHOWN).await;
        }
    }
}

/// A shop in Kubernetes with an application that fails, and some machines.
fn fleets() -> [SimulatedInfrastructure; 2] {
    let mut shop = FleetShape::document_a();
    for call in shop.calls.iter_mut().filter(|call| call.to == FAILING) {
        call.trouble = Some(TROUBLE);
    }
    let epoch = i64::try_from(NOW).unwrap() - AGE;
    [("shop", shop), ("machines", FleetShape::document_b())]
        .map(|(name, shape)| SimulatedInfrastructure::generate(name, &shape, 1, epoch).unwrap())
}

/// Writes the settings of the operator.
async fn configure(data_dir: &Path, fleets: &[SimulatedInfrastructure], prometheus: &str, nowhere: &str) {
    let project = |name: &str, prometheus: &str, selector: String| CorootProject {
        name: name.to_owned(),
        prometheus: prometheus.to_owned(),
        refresh_interval: REFRESH,
        extra_selector: selector,
    };
    let observed = fleets.iter().map(|fleet| project(fleet.name(), prometheus, fleet.selector()));
    let unanswered = project(UNANSWERED, nowhere, String::new());
    let projects: Vec<CorootProject> = observed.chain([unanswered]).collect();
    coroot_projects::write(data_dir, &projects).await.unwrap();
    let webhook = json!({ "url": "https://hooks.example/on-call", "incidents": false, "deployments": false });
    let clickhouse =
        json!({ "protocol": "native", "addr": "clickhouse.example:9000", "database": "default" });
    let integrations = [("webhook", webhook), ("clickhouse", clickhouse)];
    coroot_projects::integrate(data_dir, "shop", &integrations).await.unwrap();
    coroot_projects::categorize(data_dir, "shop", &[("storefront", "shop/front*"), ("tools", "tools/*")])
        .await
        .unwrap();
    let threshold = json!({ "CPUNode": { "threshold": 70 } });
    check_configs::write(data_dir, "shop", check_configs::WHOLE_PROJECT, &threshold).await.unwrap();
}

/// A program whose clock stands still.
async fn stopped(program: HeadcountProgram) -> HeadcountProgram {
    let clock = stopped_at(NOW).await;
    clock.iter().fold(program, |program, (name, value)| program.environment(name, value))
}

/// Waits until each query about each fleet has its answer, and until all answers were looked at.
async fn everything_is_known(
    setup: &TestSetup,
    server: &HeadcountProcess,
    fleets: &[SimulatedInfrastructure],
) {
    for fleet in fleets {
        let url = server.url(&format!("api/projects/{}/observation", fleet.name()));
        let known = eventually("all answers are looked at", TRUE_AT_LAST, async || {
            let progress: ObservationStatus = setup.get(&url).await.json().await.unwrap();
            let is_whole = progress.answered_queries == progress.queries && progress.failed_query_count == 0;
            (is_whole && progress.rounds > 1).then_some(())
        });
        known.await.unwrap();
    }
}

async fn everything_is_sent(setup: &TestSetup, server: &HeadcountProcess) {
    let sent = eventually("the reports are sent", TRUE_AT_LAST, async || {
        (setup.status(server).await.queued == 0).then_some(())
    });
    sent.await.unwrap();
}
