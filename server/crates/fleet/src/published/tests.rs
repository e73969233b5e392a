//! The rule on simulated fleets.

use proptest::prelude::*;

use super::{structure::structural_faults, *};

/// Numbers that a seed fixes.
struct SeededNumbers(u64);

impl SeededNumbers {
    /// The next number below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn is_one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// What is known of an installation, with texts of its own.
#[derive(Clone)]
struct OwnedFacts {
    installation: u64,
    version: String,
    days: u32,
    labels: Vec<(PublishedTable, String)>,
    amounts: Vec<(PublishedTable, String, f64)>,
}

fn facts_of(installation: u64, seed: u64) -> OwnedFacts {
    let mut numbers = SeededNumbers(seed ^ installation.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    // Half have the first version, a quarter the second, and so on.
    let version = (0..12).find(|_| numbers.is_one_in(2)).unwrap_or(12);
    let database = ["sqlite", "sqlite", "sqlite", "postgres", "postgres", "mysql"][numbers.below(6) as usize];
    let mut labels = vec![
        (PublishedTable::Databases, database.to_owned()),
        (PublishedTable::Nodes, count_class(1 << numbers.below(8)).to_owned()),
        (PublishedTable::Applications, count_class(1 << numbers.below(6)).to_owned()),
    ];
    let mut amounts = Vec::new();
    for table in [
        PublishedTable::Integrations,
        PublishedTable::Clouds,
        PublishedTable::Services,
        PublishedTable::InstrumentedServices,
        PublishedTable::Pages,
    ] {
        let mut count = 0;
        for label in 0..14 {
            // From nearly all to few; every fifth label implies the one before it.
            let has = numbers.is_one_in(1 + label) && (label % 5 != 4 || count == label);
            if has {
                count = label + 1;
                labels.push((table, format!("label {label}")));
                if table == PublishedTable::Pages {
                    let views = numbers.below(50) as f64;
                    amounts.push((PublishedTable::PageViews, format!("label {label}"), views));
                }
            }
        }
    }
    amounts.push((PublishedTable::CpuUsage, String::new(), numbers.below(1_000) as f64 / 100.0));
    if !numbers.is_one_in(9) {
        amounts.push((PublishedTable::MemoryUsage, String::new(), numbers.below(1 << 30) as f64));
    }
    let days = numbers.below(400) as u32;
    OwnedFacts { installation, version: format!("1.{version}"), days, labels, amounts }
}

fn day_of<'a>(day: u32, fleet: impl IntoIterator<Item = &'a OwnedFacts>) -> FleetDay {
    let mut fleet_day = FleetDay::new(day);
    for facts in fleet {
        let labels: Vec<_> = facts.labels.iter().map(|(table, label)| (*table, label.as_str())).collect();
        let amounts = facts.amounts.iter().map(|(table, label, amount)| (*table, label.as_str(), *amount));
        let amounts: Vec<_> = amounts.collect();
        let facts = InstallationFacts {
            installation: facts.installation,
            version: &facts.version,
            days_since_first_seen: facts.days,
            labels: &labels,
            amounts: &amounts,
        };
        fleet_day.add_installation(facts).unwrap();
    }
    fleet_day
}

fn fleet(installations: u64, seed: u64) -> Vec<OwnedFacts> {
    (0..installations).map(|installation| facts_of(installation, seed)).collect()
}

/// A release after one of the same installations a week before.
fn released(rule: &PublicationRule, fleet: &[OwnedFacts], stage: ReleaseStage) -> (FleetDay, PublishedDay) {
    let key = NoiseKey::new([9; 32]);
    let release = ReleaseOfDay { product: "coroot", stage, key: &key };
    let carried = publish_day(rule, release, &day_of(20_000, fleet), None).carried;
    let day = day_of(20_007, fleet);
    let published = publish_day(rule, release, &day, Some(&carried)).published;
    (day, published)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_cell_and_no_difference_of_cells_tells_of_a_small_group(
        seed in any::<u64>(),
        installations in prop_oneof![1_u64..400, 400_u64..4_000],
        smallest_group in 5_u32..30,
        noise_sd in prop_oneof![Just(0.0), Just(2.0), Just(25.0)],
        inside_databases in any::<bool>(),
    ) {
        let mut rule = PublicationRule::with_smallest_group(smallest_group).unwrap().with_noise_sd(noise_sd);
        if inside_databases {
            rule = rule.inside_databases();
        }
        let (day, published) = released(&rule, &fleet(installations, seed), ReleaseStage::Final);
        let faults = structural_faults(&rule, &day, &published);
        prop_assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn a_release_does_not_depend_on_the_order_of_installations(seed in any::<u64>(), turn in 0_usize..900) {
        let rule = PublicationRule::default();
        let mut fleet = fleet(900, seed);
        let (_, first) = released(&rule, &fleet, ReleaseStage::Final);
        fleet.rotate_left(turn);
        fleet.reverse();
        let (_, second) = released(&rule, &fleet, ReleaseStage::Final);
        prop_assert_eq!(first, second);
    }
}

#[test]
fn a_version_of_which_a_database_is_folded_has_no_rest_of_its_own() {
    let rule = PublicationRule::with_smallest_group(13).unwrap().with_noise_sd(0.0).inside_databases();
    let (day, published) = released(&rule, &fleet(2_579, 7_286_675_310_329_649_680), ReleaseStage::Final);
    assert_eq!(structural_faults(&rule, &day, &published), [""; 0]);
}

#[test]
fn the_structural_check_finds_what_a_rule_without_folding_publishes() {
    let rule = PublicationRule::default().without_folding();
    let (day, published) = released(&rule, &fleet(900, 1), ReleaseStage::Final);
    let faults = structural_faults(&rule, &day, &published);
    for part in ["has 1 installations", "the rest of a label", "part it in"] {
        assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:#?}");
    }
}

#[test]
fn a_large_fleet_has_every_table_and_numbers_near_the_truth() {
    let fleet = fleet(20_000, 5);
    let (day, published) = released(&PublicationRule::default(), &fleet, ReleaseStage::Final);
    let counted = fleet.iter().filter(|facts| facts.days >= 3).count() as i64;
    assert!((published.installs - counted).abs() < 400, "{} of {counted}", published.installs);
    assert_eq!(published.tables.len(), PUBLISHED_TABLES.len());
    for table in &published.tables {
        let is_given = ![
            PublishedTable::AlertingDestinations,
            PublishedTable::InspectionsOverridden,
            PublishedTable::ScreenSizes,
        ]
        .contains(&table.table);
        assert_eq!(!table.cells.is_empty(), is_given, "{:?}", table.table);
        let kind = table.table.definition().kind;
        let has_sum = matches!(kind, TableKind::Amount | TableKind::AmountPerLabel { .. });
        assert!(table.cells.iter().all(|cell| cell.sum.is_some() == has_sum), "{:?}", table.table);
    }
    let first = BaseCellName { version: CellLabel::Name("1.0".to_owned()), database: None };
    let sqlite = CellLabel::Name("sqlite".to_owned());
    let databases = &published.tables[PublishedTable::Databases.position()];
    let cell =
        databases.cells.iter().find(|cell| cell.base == first && cell.label == Some(sqlite.clone())).unwrap();
    let has_sqlite = |facts: &&OwnedFacts| facts.labels[0].1 == "sqlite";
    let exact =
        fleet.iter().filter(|facts| facts.version == "1.0" && facts.days >= 3).filter(has_sqlite).count();
    assert!((cell.installs - exact as i64).abs() <= 75, "{} of {exact}", cell.installs);
    assert_eq!(structural_faults(&PublicationRule::default(), &day, &published), Vec::<String>::new());
}

#[test]
fn nothing_is_published_of_a_fleet_that_is_too_small() {
    let (_, published) = released(&PublicationRule::default(), &fleet(9, 5), ReleaseStage::Final);
    assert_eq!((published.installs, published.base.len(), published.tables.len()), (0, 0, 0));
}

#[test]
fn an_installation_counts_from_its_third_day() {
    let rule = PublicationRule::default().without_noise();
    let mut fleet = fleet(900, 5);
    for (days, counted) in [(2, 0), (3, 900)] {
        fleet.iter_mut().for_each(|facts| facts.days = days);
        assert_eq!(released(&rule, &fleet, ReleaseStage::Final).1.installs, counted);
    }
}

#[test]
fn a_name_is_shown_from_its_second_release() {
    let rule = PublicationRule::default();
    let key = NoiseKey::new([9; 32]);
    let release = ReleaseOfDay { product: "coroot", stage: ReleaseStage::Final, key: &key };
    let day = day_of(20_007, &fleet(5_000, 5));
    let first = publish_day(&rule, release, &day, None);
    let services = PublishedTable::Services;
    assert!(first.published.tables[services.position()].cells.is_empty());
    assert!(first.carried.names[&services].len() > 2);
    let mut carried = first.carried.clone();
    carried.names.get_mut(&services).unwrap().remove("label 1");
    let second = publish_day(&rule, release, &day, Some(&carried)).published;
    let shown: Vec<_> = second.tables[services.position()].cells.iter().map(|cell| &cell.label).collect();
    assert!(!shown.is_empty());
    assert!(!shown.contains(&&Some(CellLabel::Name("label 1".to_owned()))), "{shown:?}");
}

#[test]
fn a_list_of_one_open_name_is_not_shown() {
    let rule = PublicationRule::default();
    let mut fleet = fleet(900, 5);
    for (place, facts) in fleet.iter_mut().enumerate() {
        facts.version = "1.0".to_owned();
        facts.labels.retain(|(table, _)| *table != PublishedTable::Clouds);
        if place % 2 == 0 {
            facts.labels.push((PublishedTable::Clouds, "aws".to_owned()));
        }
    }
    let clouds = |fleet: &[OwnedFacts]| {
        released(&rule, fleet, ReleaseStage::Final).1.tables[PublishedTable::Clouds.position()].cells.len()
    };
    assert_eq!(clouds(&fleet), 0);
    for facts in fleet.iter_mut().step_by(3) {
        facts.labels.push((PublishedTable::Clouds, "gcp".to_owned()));
    }
    assert_eq!(clouds(&fleet), 2);
}

#[test]
fn a_label_that_nearly_all_have_is_shown_without_a_number() {
    let mut fleet = fleet(900, 5);
    for facts in &mut fleet {
        facts.version = "1.0".to_owned();
        facts.labels.push((PublishedTable::Integrations, "prometheus".to_owned()));
    }
    let (_, published) = released(&PublicationRule::default(), &fleet, ReleaseStage::Final);
    let integrations = &published.tables[PublishedTable::Integrations.position()];
    let prometheus = CellLabel::Name("prometheus".to_owned());
    assert!(integrations.cells.iter().all(|cell| cell.label.as_ref() != Some(&prometheus)));
    assert!(integrations.without_number.iter().any(|cell| cell.label == "prometheus"));
}

#[test]
fn releases_are_of_sundays_two_and_fifteen_days_after_them() {
    use ReleaseStage::{Final, Provisional};
    let rule = PublicationRule::default();
    // 2026-11-29.
    let sunday = 20_786;
    for (day, after, stage) in [
        (sunday, 0, None),
        (sunday, 1, None),
        (sunday, 2, Some(Provisional)),
        (sunday, 14, Some(Provisional)),
        (sunday, 15, Some(Final)),
        (sunday, 900, Some(Final)),
        (sunday + 1, 900, None),
        (sunday + 6, 900, None),
        (sunday + 7, 2, Some(Provisional)),
    ] {
        assert_eq!(rule.stage_due(day, day + after), stage, "{day} {after}");
    }
    assert_eq!(rule.stage_due(sunday, sunday - 1), None);
}

#[test]
fn a_smallest_group_below_five_is_refused() {
    let refused = PublicationRule::with_smallest_group(4).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the smallest group that is published has 4 installations; it needs at least 5"
    );
    assert_eq!(PublicationRule::with_smallest_group(5).unwrap().smallest_group(), 5);
}

#[test]
fn a_release_survives_json() {
    let (_, published) = released(&PublicationRule::default(), &fleet(5_000, 5), ReleaseStage::Provisional);
    let json = serde_json::to_value(&published).unwrap();
    let mut before = json.clone();
    for table in before["tables"].as_array_mut().unwrap().iter_mut().filter_map(|table| table.as_object_mut())
    {
        if let Some(labels) = table.remove("without_number") {
            table.insert("nearly_all".to_owned(), labels);
        }
    }
    assert_ne!(before, json);
    for json in [json, before] {
        assert_eq!(serde_json::from_value::<PublishedDay>(json).unwrap(), published);
    }
}
