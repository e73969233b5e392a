//! Sets up the two simulated installations of the demo and the settings of their operators. Together they are
//! the example in `docs/payload.md`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use headcount_harness::{
    clock::now,
    destinations::{DestinationKind, MockDestination},
};
use headcount_sim::{
    SimulatedInfrastructure, check_configs,
    coroot_projects::{self, CorootProject},
    observed_fleets::ObservedFleets,
    prices,
    shape::{CallFailures, FleetShape},
    stored_history,
};
use serde_json::{Value, json};

use super::layout::DemoLayout;

/// How often the installations are scraped and Prometheus is queried.
const SCRAPES: Duration = Duration::from_secs(15);

/// Any free port of this machine.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The age of the installations at the start, in seconds: old enough for the summary of their rollout to be
/// known at once.
const AGE: i64 = 600;

/// The name of the first installation.
const SHOP: &str = "shop";

/// The applications of the shop that fail, with the begin and end of each failure in seconds after the epoch:
/// one fails when the demo starts, the others later.
const TROUBLES: [(&str, i64, i64); 3] =
    [("shop/catalog", -3000, 1500), ("shop/cart", 3000, 4500), ("shop/payments", 6000, 7500)];

/// The categories into which the shop's operator sorts applications.
const CATEGORIES: [(&str, &str); 3] =
    [("sales", "shop/cart*"), ("storefront", "shop/frontend*"), ("warehouse", "shop/catalog*")];

/// Two simulated installations in a Prometheus, and the mock Slack that receives their incidents. All of it
/// ends when this is dropped.
pub(crate) struct DemoInstallations {
    /// The installations.
    pub(crate) observed: ObservedFleets,
    /// The mock Slack.
    pub(crate) slack: MockDestination,
}

impl DemoInstallations {
    /// Fills a Prometheus with the past of both, and writes the settings of their operators.
    ///
    /// # Errors
    /// Prometheus refuses something, or nothing can be written.
    pub(crate) async fn generate(layout: &DemoLayout) -> anyhow::Result<Self> {
        let epoch = now() - AGE;
        let shop = SimulatedInfrastructure::generate(SHOP, &shop(), 1, epoch)?;
        let machines = SimulatedInfrastructure::generate("machines", &FleetShape::document_b(), 2, epoch)?;
        let slack = MockDestination::start(DestinationKind::Slack, ANY_PORT).await?;
        let fleets = vec![shop.clone(), machines.clone()];
        let every = i64::try_from(SCRAPES.as_secs())?;
        let observed = ObservedFleets::start(&layout.prometheus(), ANY_PORT, fleets, every, SCRAPES).await?;
        let prometheus = observed.prometheus.url("");
        let project = |fleet: &SimulatedInfrastructure| CorootProject {
            name: fleet.name().to_owned(),
            prometheus: prometheus.clone(),
            refresh_interval: SCRAPES,
            extra_selector: fleet.selector(),
        };
        let data_dir = layout.server_data();
        coroot_projects::write(&data_dir, &[project(&shop), project(&machines)]).await?;
        // An earlier demo had another fleet.
        stored_history::forget(&data_dir, SHOP).await?;
        stored_history::write(&data_dir, SHOP, &shop.stored_rollouts(epoch - 3600)).await?;
        configure(&data_dir, &slack).await?;
        prices::write(&layout.prices())?;
        Ok(Self { observed, slack })
    }
}

/// The shop of the documented example, with requests that fail now and then.
fn shop() -> FleetShape {
    let mut shape = FleetShape::document_a();
    for (failing, from, until) in TROUBLES {
        let trouble = CallFailures { from, until, failing: 0.8, slow: 0.0 };
        for call in shape.calls.iter_mut().filter(|call| call.to == failing) {
            call.trouble = Some(trouble);
        }
    }
    shape
}

/// Writes the settings of the shop's operator. Nothing connects to that ClickHouse.
async fn configure(data_dir: &Path, slack: &MockDestination) -> anyhow::Result<()> {
    let clickhouse = json!({ "protocol": "native", "addr": "127.0.0.1:9000", "database": "default" });
    coroot_projects::integrate(data_dir, SHOP, &[slack.integration(), ("clickhouse", clickhouse)]).await?;
    coroot_projects::categorize(data_dir, SHOP, &CATEGORIES).await?;
    for (application, configs) in overrides() {
        check_configs::write(data_dir, SHOP, application, &configs).await?;
    }
    Ok(())
}

/// The overrides, each with the application that it is for.
fn overrides() -> [(&'static str, Value); 3] {
    let cpu = json!({ "threshold": 90 });
    [
        (check_configs::WHOLE_PROJECT, json!({ "CPUNode": cpu })),
        ("shop:Deployment:cart", json!({ "CPUNode": cpu })),
        ("shop:Deployment:frontend", json!({ "CPUNode": cpu, "NetworkRTT": { "threshold": 0.05 } })),
    ]
}
