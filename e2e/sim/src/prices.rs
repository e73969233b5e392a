//! Writes the price file of the demo and the tests, and answers which prices it has.

use std::{fs::File, io::BufWriter, path::Path};

use anyhow::Context;
use flate2::{Compression, write::GzEncoder};
use reqwest::Url;
use serde_json::{Value, json};

use super::{
    clouds::MACHINES,
    model::{ApplicationOrigin, SimulatedApplication, SimulatedNode},
};

/// The region of all managed databases.
pub(crate) const MANAGED_REGION: &str = "us-east-1";

/// The type of RDS instances that has a price.
pub(crate) const PRICED_DATABASE: &str = "db.m5.large";

/// The type of ElastiCache nodes that has a price.
pub(crate) const PRICED_CACHE: &str = "cache.m5.large";

/// US dollars per hour.
const MANAGED_USD: f64 = 0.178;

/// Writes a price file in the form of Coroot's (gzipped JSON): prices of some machine types of AWS, GCP and
/// Azure, and of managed databases and caches of AWS.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let mut encoder = GzEncoder::new(BufWriter::new(file), Compression::fast());
    serde_json::to_writer(&mut encoder, &model()).context("cannot write the price file")?;
    encoder.finish().context("cannot write the price file").map(drop)
}

/// The `file:` URL of a path.
///
/// # Errors
/// The path is not absolute.
pub fn url(path: &Path) -> anyhow::Result<String> {
    let url =
        Url::from_file_path(path).ok().with_context(|| format!("{} is not an absolute path", path.display()));
    url.map(String::from)
}

/// Whether the price file has the price of a node. Only the node agent exports the type of a node.
pub(crate) fn knows_node(node: &SimulatedNode) -> bool {
    node.agent && node.machine.price.is_some()
}

/// Whether the price file has the price of a managed database. It has no prices for uncounted engines.
pub(crate) fn knows_application(app: &SimulatedApplication) -> bool {
    matches!(&app.origin, ApplicationOrigin::Cloud(plan) if plan.priced && plan.database.is_some())
}

fn model() -> Value {
    let mut prices = json!({});
    for machine in &MACHINES {
        let Some((on_demand, spot)) = machine.price else { continue };
        let price = json!({ "on_demand": on_demand, "spot": spot });
        prices[machine.provider]["compute"][machine.region][machine.instance_type] = price;
    }
    let aws = &mut prices["aws"];
    for engine in ["postgres", "aurora-postgresql", "mysql", "aurora-mysql"] {
        let price = json!({ "single_az": on_demand(MANAGED_USD), "multi_az": on_demand(2.0 * MANAGED_USD) });
        aws["managed_db"][MANAGED_REGION][engine][PRICED_DATABASE] = price;
    }
    for engine in ["redis", "memcached"] {
        aws["managed_cache"][MANAGED_REGION][engine][PRICED_CACHE] = on_demand(MANAGED_USD);
    }
    prices
}

/// The price of a managed instance, which has no spot price.
fn on_demand(usd: f64) -> Value {
    json!({ "on_demand": usd, "spot": 0 })
}
