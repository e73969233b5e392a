//! Counts page views and browsers for a report, bounded for any input.

use std::collections::{BTreeMap, HashMap};

use headcount_shared::{
    breakpoint::Breakpoint,
    limits::{BROWSERS_PER_REPORT, PAGES_PER_REPORT},
};
use uuid::Uuid;

use super::{estimate::DroppedEstimate, journal_record::JournalRecord, pseudonym::BrowserPseudonym};

/// Page views and browsers since the last report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageViewCounts {
    browsers: HashMap<BrowserPseudonym, DisplaySizes>,
    page_views: BTreeMap<String, u64>,
    dropped: DroppedEvents,
    dropped_browsers: DroppedEstimate,
}

/// Events that were not counted because a bound was reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DroppedEvents {
    /// Events whose browser exceeded the bound; their page view is counted.
    pub browsers: u64,
    /// Page views whose page exceeded the bound.
    pub page_views: u64,
}

impl DroppedEvents {
    /// Events that were not counted completely.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.browsers.saturating_add(self.page_views)
    }
}

/// The display sizes at which one browser was seen, a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct DisplaySizes(u8);

impl DisplaySizes {
    fn add(&mut self, size: Breakpoint) {
        self.0 |= 1 << size as u8;
    }

    fn iter(self) -> impl Iterator<Item = Breakpoint> {
        Breakpoint::ALL.into_iter().filter(move |&size| self.0 & (1 << size as u8) != 0)
    }
}

impl PageViewCounts {
    /// Adds one record of the journal.
    pub(super) fn add(&mut self, record: &JournalRecord<'_>) {
        match *record {
            JournalRecord::View { browser, size, ref page } => {
                self.add_views(page, 1);
                if let Some(browser) = browser {
                    self.add_browser(browser, size);
                }
            }
            JournalRecord::Overflow { browser, ref page } => {
                self.add_views(page, 1);
                self.drop_browser(browser);
            }
            // The reader of the journal has already left out the line that this takes back.
            JournalRecord::TakenBack(_) => {}
            JournalRecord::Browser { browser, size } => self.add_browser(browser, size),
            JournalRecord::Views { count, ref page } => self.add_views(page, count),
            JournalRecord::DroppedRank { register, rank } => self.dropped_browsers.raise(register, rank),
            JournalRecord::Dropped { browsers, page_views } => {
                self.dropped.browsers = self.dropped.browsers.saturating_add(browsers);
                self.dropped.page_views = self.dropped.page_views.saturating_add(page_views);
            }
        }
    }

    /// Adds what `other` counted.
    pub(super) fn add_all(&mut self, other: &Self) {
        other.records().for_each(|record| self.add(&record));
    }

    /// Records that add up to these very counts.
    pub(super) fn records(&self) -> impl Iterator<Item = JournalRecord<'_>> {
        let DroppedEvents { browsers, page_views } = self.dropped;
        let views =
            self.page_views.iter().map(|(page, &count)| JournalRecord::Views { count, page: page.into() });
        let browsers_seen = self.browsers.iter().flat_map(|(&browser, sizes)| {
            sizes.iter().map(move |size| JournalRecord::Browser { browser, size })
        });
        let ranks = self.dropped_browsers.registers();
        let ranks = ranks.map(|(register, rank)| JournalRecord::DroppedRank { register, rank });
        views.chain(browsers_seen).chain([JournalRecord::Dropped { browsers, page_views }]).chain(ranks)
    }

    /// The pseudonyms of the browsers, sorted.
    #[must_use]
    pub fn users(&self) -> Vec<Uuid> {
        let mut users: Vec<_> = self.browsers.keys().map(|browser| browser.as_uuid()).collect();
        users.sort_unstable();
        users
    }

    /// The counted browsers.
    pub(super) fn browsers(&self) -> impl Iterator<Item = BrowserPseudonym> {
        self.browsers.keys().copied()
    }

    /// Whether a browser is counted.
    pub(super) fn has_browser(&self, browser: BrowserPseudonym) -> bool {
        self.browsers.contains_key(&browser)
    }

    /// An estimate of how many different browsers were dropped; its standard error is 3 %.
    #[must_use]
    pub fn dropped_browsers(&self) -> u64 {
        self.dropped_browsers.browsers()
    }

    /// The number of browsers at each size that was seen; one seen at two sizes counts in both.
    #[must_use]
    pub fn users_by_screen_size(&self) -> BTreeMap<Breakpoint, u64> {
        let mut users = BTreeMap::new();
        for size in self.browsers.values().flat_map(|sizes| sizes.iter()) {
            *users.entry(size).or_default() += 1;
        }
        users
    }

    /// The number of views of each page that was seen.
    #[must_use]
    pub const fn page_views(&self) -> &BTreeMap<String, u64> {
        &self.page_views
    }

    /// What was not counted.
    #[must_use]
    pub const fn dropped(&self) -> DroppedEvents {
        self.dropped
    }

    fn add_views(&mut self, page: &str, count: u64) {
        if let Some(views) = self.page_views.get_mut(page) {
            *views = views.saturating_add(count);
        } else if self.page_views.len() < PAGES_PER_REPORT {
            self.page_views.insert(page.to_owned(), count);
        } else {
            self.dropped.page_views = self.dropped.page_views.saturating_add(count);
        }
    }

    fn add_browser(&mut self, browser: BrowserPseudonym, size: Breakpoint) {
        if let Some(sizes) = self.browsers.get_mut(&browser) {
            sizes.add(size);
        } else if self.browsers.len() < BROWSERS_PER_REPORT {
            self.browsers.entry(browser).or_default().add(size);
        } else {
            self.drop_browser(browser);
        }
    }

    fn drop_browser(&mut self, browser: BrowserPseudonym) {
        self.dropped.browsers = self.dropped.browsers.saturating_add(1);
        self.dropped_browsers.add(browser);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(browser: u128, size: Breakpoint, page: &str) -> JournalRecord<'_> {
        JournalRecord::View { browser: Some(BrowserPseudonym::from_bits(browser)), size, page: page.into() }
    }

    #[test]
    fn a_browser_counts_once_and_at_each_of_its_sizes() {
        let mut counts = PageViewCounts::default();
        for record in [
            view(1, Breakpoint::Xs, "/"),
            view(1, Breakpoint::Lg, "/"),
            view(1, Breakpoint::Lg, "/welcome"),
            view(2, Breakpoint::Lg, "/"),
        ] {
            counts.add(&record);
        }
        assert_eq!(counts.users(), [1, 2].map(|bits| BrowserPseudonym::from_bits(bits).as_uuid()));
        assert_eq!(counts.users_by_screen_size(), [(Breakpoint::Xs, 1), (Breakpoint::Lg, 2)].into());
        assert_eq!(*counts.page_views(), [("/".to_owned(), 3), ("/welcome".to_owned(), 1)].into());
    }

    #[test]
    fn a_view_without_a_browser_has_no_user_and_no_size() {
        let mut counts = PageViewCounts::default();
        counts.add(&JournalRecord::View { browser: None, size: Breakpoint::Md, page: "/".into() });
        assert!(counts.users().is_empty() && counts.users_by_screen_size().is_empty());
        assert_eq!(counts.page_views()["/"], 1);
    }

    #[test]
    fn past_the_bounds_events_are_dropped_and_counted() {
        let mut counts = PageViewCounts::default();
        for browser in 0..BROWSERS_PER_REPORT as u128 + 5 {
            counts.add(&view(browser, Breakpoint::Lg, "/"));
        }
        for page in 0..PAGES_PER_REPORT + 7 {
            counts.add(&view(0, Breakpoint::Xl, &format!("/{page}")));
        }
        assert_eq!(counts.users().len(), BROWSERS_PER_REPORT);
        assert_eq!(counts.page_views().len(), PAGES_PER_REPORT);
        assert_eq!(counts.dropped(), DroppedEvents { browsers: 5, page_views: 8 });
        assert_eq!(counts.dropped().total(), 13);
        let views: u64 = counts.page_views().values().sum();
        assert_eq!(
            views + counts.dropped().page_views,
            (BROWSERS_PER_REPORT + 5 + PAGES_PER_REPORT + 7) as u64
        );
    }

    #[test]
    fn the_records_of_counts_add_up_to_them() {
        let mut counts = PageViewCounts::default();
        for n in 0..300_u128 {
            counts.add(&view(n % 70, Breakpoint::ALL[n as usize % 6], &format!("/{}", n % 11)));
        }
        counts.add(&JournalRecord::Dropped { browsers: 3, page_views: 4 });
        for n in 1000..1020 {
            counts.add(&JournalRecord::Overflow {
                browser: BrowserPseudonym::from_bits(n << 90),
                page: "/".into(),
            });
        }
        let mut again = PageViewCounts::default();
        counts.records().for_each(|record| again.add(&record));
        assert_eq!(again, counts);
    }
}
