//! Makes what is published of a day from what is stored of it.

use std::collections::HashMap;

use headcount_shared::payload::AlertingIntegration;
use serde::{Deserialize, Serialize};

use super::{
    fleet_day::{FleetDay, FleetDayError, InstallationFacts},
    tables::{PublishedTable, count_class},
};
use crate::{
    block_codec::{BlockError, decode_block, encode_block},
    calendar_day::CalendarDay,
    installation_day::{InstallationDay, InstallationDays, InstallationHash},
    name_table::{NameTable, OTHER},
    typed_report::{IntegrationFlag, SCREEN_SIZES},
};

/// The version of the block.
const VERSION: u8 = 1;

/// The pages that installations viewed on a day. They are not in the block of the day's installations, and are
/// stored until the day is released for the last time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationPages {
    names: Vec<String>,
    /// Sorted by installation; those without pages are absent.
    installations: Vec<(InstallationHash, Vec<(u32, u64)>)>,
}

impl InstallationPages {
    /// The pages of a day that was just computed.
    #[must_use]
    pub fn from_day(days: &InstallationDays) -> Self {
        let mut names = Vec::new();
        let mut numbers = HashMap::new();
        let mut number = |name: u32| {
            *numbers.entry(name).or_insert_with(|| {
                names.push(days.names.name(name).to_owned());
                u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let with_pages = days.installations.iter().filter(|row| !row.pages.is_empty());
        let installations = with_pages
            .map(|row| {
                let pages = row.pages.iter().map(|(name, views)| (number(*name), *views));
                (row.installation, pages.collect())
            })
            .collect();
        Self { names, installations }
    }

    /// Removes an installation, and the names of pages that no other has. Returns whether it was there.
    pub fn remove(&mut self, installation: InstallationHash) -> bool {
        let before = self.installations.len();
        self.installations.retain(|(its, _)| *its != installation);
        let is_removed = self.installations.len() < before;
        if is_removed {
            let pages = self.installations.iter().flat_map(|(_, pages)| pages);
            let used: std::collections::HashSet<u32> = pages.map(|(number, _)| *number).collect();
            // Emptied, so that the others keep their numbers.
            for (number, name) in (0..).zip(&mut self.names) {
                if !used.contains(&number) {
                    name.clear();
                }
            }
        }
        is_removed
    }

    /// The stored form.
    ///
    /// # Errors
    /// [`BlockError::Unencodable`], which does not happen.
    pub fn encode(&self) -> Result<Vec<u8>, BlockError> {
        encode_block(VERSION, self)
    }

    /// The pages of a block.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
    pub fn decode(block: &[u8]) -> Result<Self, BlockError> {
        let pages: Self = decode_block(VERSION, block)?;
        let mut numbers = pages.installations.iter().flat_map(|(_, pages)| pages);
        let are_named = numbers.all(|(number, _)| (*number as usize) < pages.names.len());
        if are_named { Ok(pages) } else { Err(BlockError::Damaged) }
    }

    fn pages_of(&self, installation: InstallationHash) -> impl Iterator<Item = (&str, u64)> {
        let place = self.installations.binary_search_by_key(&installation, |(its, _)| *its);
        let pages = place.ok().and_then(|place| self.installations.get(place));
        let pages = pages.map(|(_, pages)| pages.as_slice()).unwrap_or_default();
        pages.iter().filter_map(|(number, views)| Some((self.names.get(*number as usize)?.as_str(), *views)))
    }
}

/// The installations of a day as the rule takes them. `first_seen` tells on which day the first report of an
/// installation arrived; one that it does not know is new. Installations of which only replicas reported, and
/// names beyond the bound of names, do not count.
///
/// # Errors
/// Every [`FleetDayError`]: the block has an installation twice, or amounts that are none.
pub fn fleet_day(
    day: CalendarDay,
    days: &InstallationDays,
    pages: &InstallationPages,
    first_seen: impl Fn(InstallationHash) -> Option<CalendarDay>,
) -> Result<FleetDay, FleetDayError> {
    let mut fleet_day = FleetDay::new(day.days_since_epoch());
    for row in days.installations.iter().filter(|row| row.is_counted()) {
        let mut labels = labels_of(row, &days.names);
        let mut amounts = Vec::new();
        for (page, views) in pages.pages_of(row.installation).filter(|(page, _)| *page != OTHER) {
            labels.push((PublishedTable::Pages, page));
            #[expect(clippy::cast_precision_loss, reason = "a sum with noise needs no last digit")]
            amounts.push((PublishedTable::PageViews, page, views as f64));
        }
        for (table, samples) in
            [(PublishedTable::CpuUsage, row.cpu), (PublishedTable::MemoryUsage, row.memory)]
        {
            amounts.extend(samples.map(|samples| (table, "", samples.mean.estimate())));
        }
        let facts = InstallationFacts {
            installation: row.installation.0,
            version: days.versions.name(row.version),
            days_since_first_seen: first_seen(row.installation).map_or(0, |first| day.days_since(first)),
            labels: &labels,
            amounts: &amounts,
        };
        fleet_day.add_installation(facts)?;
    }
    Ok(fleet_day)
}

/// The labels of an installation in all tables but those of pages.
fn labels_of<'a>(row: &InstallationDay, names: &'a NameTable) -> Vec<(PublishedTable, &'a str)> {
    let mut labels = vec![
        (PublishedTable::Databases, row.database.label()),
        (PublishedTable::Nodes, count_class(row.sizes.nodes)),
        (PublishedTable::Applications, count_class(row.sizes.applications)),
    ];
    labels
        .extend(row.flags.flags().map(|flag: IntegrationFlag| (PublishedTable::Integrations, flag.label())));
    let alerting = AlertingIntegration::ALL.iter().enumerate();
    let alerting = alerting.filter(|(bit, _)| row.alerting & (1 << bit) != 0);
    labels.extend(alerting.map(|(_, kind)| (PublishedTable::AlertingDestinations, kind.name())));
    let screens = SCREEN_SIZES.iter().zip(&row.screen_sizes).filter(|(_, browsers)| **browsers > 0);
    labels.extend(screens.map(|(size, _)| (PublishedTable::ScreenSizes, size.as_str())));
    let overrides: Vec<_> = row.overrides.iter().map(|(name, _)| *name).collect();
    for (table, of_row) in [
        (PublishedTable::InspectionsOverridden, &overrides),
        (PublishedTable::Clouds, &row.clouds),
        (PublishedTable::Services, &row.services),
        (PublishedTable::InstrumentedServices, &row.instrumented_services),
    ] {
        let of_row = of_row.iter().map(|name| names.name(*name)).filter(|name| *name != OTHER);
        labels.extend(of_row.map(|name| (table, name)));
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        installation_day::{SampleBuckets, tests::bare},
        log_bucket::LogBucket,
        published::{NoiseKey, PublicationRule, PublishedCell, ReleaseOfDay, ReleaseStage, publish_day},
        typed_report::DatabaseKind,
    };

    const DAY: u32 = 20_786;

    /// 400 installations of one version: a half with SQLite, aws and the first page, and another half, which has as
    /// many of both, with gcp and the other page.
    fn stored() -> InstallationDays {
        let mut days = InstallationDays::empty();
        let version = days.versions.number("1.0");
        let [aws, gcp, page, other_page] =
            ["aws", "gcp", "/", "/p/$projectId"].map(|name| days.names.number(name));
        for installation in 0..400_u64 {
            let mut row = bare(installation);
            row.version = version;
            row.cpu =
                Some(SampleBuckets { mean: LogBucket::containing(0.5), p95: LogBucket::containing(2.0) });
            if installation % 2 == 0 {
                row.database = DatabaseKind::Sqlite;
                (row.clouds, row.pages) = (vec![aws], vec![(page, 10)]);
                row.sizes.nodes = 9;
            }
            if installation % 4 < 2 {
                row.clouds.push(gcp);
                row.pages.push((other_page, 4));
            }
            days.installations.push(row);
        }
        days
    }

    fn cells(
        days: &InstallationDays,
        pages: &InstallationPages,
        first_seen: u32,
    ) -> Vec<(String, PublishedCell)> {
        let rule = PublicationRule::default().without_noise();
        let first_day = CalendarDay::from_unix_seconds(u64::from(first_seen) * 86_400);
        let day = CalendarDay::from_unix_seconds(u64::from(DAY) * 86_400);
        let key = NoiseKey::new([1; 32]);
        let release = ReleaseOfDay { product: "coroot", stage: ReleaseStage::Final, key: &key };
        let fleet = fleet_day(day, days, pages, |_| Some(first_day)).unwrap();
        let before = publish_day(&rule, release, &fleet, None).carried;
        let published = publish_day(&rule, release, &fleet, Some(&before)).published;
        let tables = published.tables.into_iter();
        let named = tables.flat_map(|table| {
            let name = table.table.definition().name;
            table.cells.into_iter().map(move |cell| (name.to_owned(), cell))
        });
        named.collect()
    }

    #[test]
    fn a_stored_day_is_published_with_its_pages() {
        let days = stored();
        let pages = InstallationPages::from_day(&days);
        let pages = InstallationPages::decode(&pages.encode().unwrap()).unwrap();
        let days = InstallationDays::decode(&days.encode().unwrap()).unwrap();
        let cells = cells(&days, &pages, DAY - 3);
        let shown: Vec<_> = cells
            .iter()
            .map(|(table, cell)| {
                let label = cell.label.as_ref().map(|label| serde_json::to_value(label).unwrap());
                let label = label.and_then(|label| label["name"].as_str().map(str::to_owned));
                (table.as_str(), label.unwrap_or_default(), cell.installs)
            })
            .collect();
        for expected in [
            ("databases", "sqlite", 200),
            ("databases", "unknown", 200),
            ("nodes", "8-15", 200),
            ("nodes", "0", 200),
            ("clouds", "aws", 200),
            ("clouds", "gcp", 200),
            ("pages", "/", 200),
            ("page_views", "/p/$projectId", 200),
            ("cpu_usage", "", 400),
        ] {
            let (table, label, installs) = expected;
            assert!(shown.contains(&(table, label.to_owned(), installs)), "{expected:?}: {shown:#?}");
        }
    }

    #[test]
    fn an_installation_that_is_removed_leaves_neither_itself_nor_a_page_of_its_own() {
        let mut days = stored();
        days.installations.retain(|row| row.installation.0 < 3);
        let mut pages = InstallationPages::from_day(&days);
        assert!(!pages.remove(InstallationHash(3)));
        assert!(pages.remove(InstallationHash(0)) && pages.remove(InstallationHash(1)));
        let kept = InstallationPages::decode(&pages.encode().unwrap()).unwrap();
        assert_eq!(kept.names, ["/", ""]);
        assert_eq!(kept.pages_of(InstallationHash(1)).count(), 0);
        assert_eq!(kept.pages_of(InstallationHash(2)).collect::<Vec<_>>(), [("/", 10)]);
    }

    #[test]
    fn installations_that_are_new_unknown_or_replicas_are_not_published() {
        let mut days = stored();
        let pages = InstallationPages::from_day(&days);
        assert!(!cells(&days, &pages, DAY - 3).is_empty());
        assert!(cells(&days, &pages, DAY - 2).is_empty());
        let day = CalendarDay::from_unix_seconds(u64::from(DAY) * 86_400);
        assert_eq!(fleet_day(day, &days, &pages, |_| None).unwrap().installations(), 400);
        days.installations.iter_mut().for_each(|row| row.reports = 0);
        assert_eq!(fleet_day(day, &days, &pages, |_| None).unwrap().installations(), 0);
    }
}
