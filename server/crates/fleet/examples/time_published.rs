//! Prints how long a release of a large fleet takes, with all tables. The argument is how many installations it has.
#![expect(clippy::print_stdout, reason = "the times are its result")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::time::Instant;

use anyhow::Context as _;
use headcount_fleet::published::{
    FleetDay, InstallationFacts, NoiseKey, PublicationRule, PublishedTable, ReleaseOfDay, ReleaseStage,
    count_class, publish_day,
};

/// A Sunday.
const DAY: u32 = 20_786;

/// The tables of sets, with how many names each has.
const SETS: [(PublishedTable, u64); 8] = [
    (PublishedTable::Integrations, 14),
    (PublishedTable::AlertingDestinations, 5),
    (PublishedTable::InspectionsOverridden, 30),
    (PublishedTable::Clouds, 12),
    (PublishedTable::Services, 60),
    (PublishedTable::InstrumentedServices, 40),
    (PublishedTable::ScreenSizes, 6),
    (PublishedTable::Pages, 80),
];

fn main() -> anyhow::Result<()> {
    let installations = std::env::args().nth(1).context("the argument is the number of installations")?;
    let installations: u64 = installations.parse().context("the argument is no number")?;
    let names: Vec<Vec<String>> =
        SETS.iter().map(|(_, names)| (0..*names).map(|name| format!("name {name}")).collect()).collect();
    let began = Instant::now();
    let mut day = FleetDay::new(DAY);
    for installation in 0..installations {
        add_installation(&mut day, installation, &names)?;
    }
    println!("{installations} installations are added in {} ms", began.elapsed().as_millis());
    let (rule, key) = (PublicationRule::default(), NoiseKey::new([7; 32]));
    let release = ReleaseOfDay { product: "coroot", stage: ReleaseStage::Final, key: &key };
    let began = Instant::now();
    let first = publish_day(&rule, release, &day, None);
    println!("the first release takes {} ms", began.elapsed().as_millis());
    let began = Instant::now();
    let second = publish_day(&rule, release, &day, Some(&first.carried)).published;
    let cells: usize = second.tables.iter().map(|table| table.cells.len()).sum();
    println!(
        "the second, with {cells} cells in {} versions, {} ms",
        second.base.len(),
        began.elapsed().as_millis()
    );
    Ok(())
}

/// Adds an installation whose labels and amounts its number fixes: names are the rarer the higher their number.
fn add_installation(day: &mut FleetDay, installation: u64, names: &[Vec<String>]) -> anyhow::Result<()> {
    let mut state = installation.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let version = format!("1.{}", below(8) * below(6));
    let database = ["sqlite", "sqlite", "postgres"][usize::try_from(below(3))?];
    let mut labels = vec![
        (PublishedTable::Databases, database),
        (PublishedTable::Nodes, count_class(1 << below(10))),
        (PublishedTable::Applications, count_class(1 << below(8))),
    ];
    let mut amounts = vec![(PublishedTable::CpuUsage, "", 0.01), (PublishedTable::MemoryUsage, "", 5e7)];
    for ((table, _), names) in SETS.iter().zip(names) {
        for (rank, name) in (1..).zip(names) {
            if below(1 + rank / 2) == 0 {
                labels.push((*table, name.as_str()));
                if *table == PublishedTable::Pages {
                    let views = u32::try_from(below(40))?;
                    amounts.push((PublishedTable::PageViews, name.as_str(), f64::from(views)));
                }
            }
        }
    }
    day.add_installation(InstallationFacts {
        installation,
        version: &version,
        days_since_first_seen: 30,
        labels: &labels,
        amounts: &amounts,
    })?;
    Ok(())
}
