//! Puts reports of a simulated installation into the queue of a server that does not run yet. It sends them
//! when it starts, so that it has sent the same reports in every run.

use std::{fs, path::Path};

use headcount_shared::payload::Payload;
use headcount_simulated_fleet::simulated_fleet::{SimulatedFleet, SimulatedReport};
use serde_json::json;
use sha2::{Digest, Sha256};

/// How many days have a report.
const DAYS: u32 = 21;

const SECONDS_A_DAY: u64 = 86_400;

/// The installations to choose one from that reports on each of these days.
const INSTALLATIONS: u32 = 40;

/// The header that a report of a server has at least.
const HEADERS: &str = concat!("user-agent: headcount/", env!("CARGO_PKG_VERSION"), "\n");

/// Queues a report for each of the days before `now`, in Unix seconds, and gives the server the UUID in them.
/// Returns the last report.
pub(super) fn queue(data_dir: &Path, now: u64) -> Payload {
    let mut reports = reports(now / SECONDS_A_DAY - u64::from(DAYS));
    for (number, report) in reports.iter().enumerate() {
        put(data_dir, number, report);
    }
    let last = reports.pop().unwrap().payload;
    fs::write(data_dir.join("instance.uuid"), last.instance.uuid.to_string()).unwrap();
    last
}

/// One report a day of the first installation that reports on each day. `first_day` is in days since 1970.
fn reports(first_day: u64) -> Vec<SimulatedReport> {
    let plan = json!({
        "seed": 4,
        "installations": INSTALLATIONS,
        "first_day": first_day,
        "days": DAYS,
        "reports_per_day": 1,
        "product": null,
    });
    let fleet = SimulatedFleet::new(serde_json::from_value(plan).unwrap()).unwrap();
    let of = |installation| {
        let fleet = &fleet;
        let days = fleet.days().map(move |day| {
            let mut reports = fleet.reports_of_installation(installation, day);
            reports.find(|report| !report.is_replica)
        });
        days.collect::<Option<Vec<_>>>()
    };
    (0..INSTALLATIONS).find_map(of).expect("an installation reports on each day")
}

/// Writes the file of a report, as a server does.
fn put(data_dir: &Path, number: usize, report: &SimulatedReport) {
    let bytes = serde_json::to_vec(&report.payload).unwrap();
    let content = [HEADERS.as_bytes(), &bytes].concat();
    let digest: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    let queue = data_dir.join("reports/queued");
    let name = format!("{}-{digest}.n{}.h{}.report", report.id, number + 1, HEADERS.len());
    fs::create_dir_all(&queue).unwrap();
    fs::write(queue.join(name), content).unwrap();
}
