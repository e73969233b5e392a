//! Allots the limited places for browsers in a report.
//!
//! A report has places for a number of browsers. One address gets at most half of those that were free when
//! the interval, or this process, began, so that invented browsers from one address leave places for those of
//! others. Addresses are keyed hashes in memory and not in the journal, so after a restart every address
//! begins anew with the places that are free then.

use std::collections::{HashMap, HashSet};

use headcount_platform::address_hash::AddressHash;
use headcount_shared::limits::BROWSERS_PER_REPORT;

use super::pseudonym::BrowserPseudonym;

/// The places in the next report, and the browsers that have one.
#[derive(Debug)]
pub(super) struct BrowserPlaces {
    browsers: HashSet<BrowserPseudonym>,
    /// The places that each address got, at most one entry a place.
    by_address: HashMap<AddressHash, usize>,
    /// The maximum of places for one address.
    most_by_address: usize,
}

/// Whether a browser has a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BrowserPlace {
    /// It already has a place.
    Known,
    /// It got a place now.
    Given,
    /// No place is free for it.
    Refused,
}

impl BrowserPlaces {
    /// The places of an interval in which `browsers` already have one.
    pub(super) fn beside(browsers: impl IntoIterator<Item = BrowserPseudonym>) -> Self {
        let browsers: HashSet<_> = browsers.into_iter().collect();
        let most_by_address = BROWSERS_PER_REPORT.saturating_sub(browsers.len()) / 2;
        Self { browsers, by_address: HashMap::new(), most_by_address }
    }

    /// Finds a place for a browser that sends from `address`. Without an address, only the total number of
    /// places is limited.
    pub(super) fn take(&mut self, browser: BrowserPseudonym, address: Option<AddressHash>) -> BrowserPlace {
        if self.browsers.contains(&browser) {
            return BrowserPlace::Known;
        }
        if self.browsers.len() >= BROWSERS_PER_REPORT {
            return BrowserPlace::Refused;
        }
        if let Some(address) = address {
            let taken = self.by_address.get(&address).copied().unwrap_or(0);
            if taken >= self.most_by_address {
                return BrowserPlace::Refused;
            }
            self.by_address.insert(address, taken + 1);
        }
        self.browsers.insert(browser);
        BrowserPlace::Given
    }

    /// Takes back a place that was given: its event is not counted.
    pub(super) fn give_back(&mut self, browser: BrowserPseudonym, address: Option<AddressHash>) {
        self.browsers.remove(&browser);
        let Some(address) = address else { return };
        match self.by_address.get_mut(&address) {
            Some(taken) if *taken > 1 => *taken -= 1,
            _ => drop(self.by_address.remove(&address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_platform::address_hash::AddressHasher;

    use super::*;

    fn browser(n: usize) -> BrowserPseudonym {
        BrowserPseudonym::from_bits(n as u128)
    }

    /// How many of `count` browsers from `first` on get a place.
    fn given(places: &mut BrowserPlaces, first: usize, count: usize, address: Option<AddressHash>) -> usize {
        let take = |n| places.take(browser(n), address) == BrowserPlace::Given;
        (first..first + count).map(take).filter(|&given| given).count()
    }

    fn addresses() -> [Option<AddressHash>; 3] {
        let hasher = AddressHasher::new();
        ["127.0.0.1", "127.0.0.3", "10.0.0.1"].map(|text| Some(hasher.hash(text.parse().unwrap())))
    }

    #[test]
    fn one_address_gets_half_of_the_places_and_leaves_the_rest_to_others() {
        let [one, two, three] = addresses();
        let mut places = BrowserPlaces::beside([]);
        assert_eq!(given(&mut places, 0, 10_000, one), BROWSERS_PER_REPORT / 2);
        assert_eq!(places.take(browser(0), one), BrowserPlace::Known, "a browser keeps its place");
        assert_eq!(places.take(browser(0), two), BrowserPlace::Known, "wherever it sends from");
        assert_eq!(given(&mut places, 20_000, 50, two), 50);
        assert_eq!(given(&mut places, 30_000, 10_000, three), BROWSERS_PER_REPORT / 2 - 50);
        assert_eq!(given(&mut places, 50_000, 10, two), 0, "all places are taken");
    }

    #[test]
    fn without_an_address_all_places_are_there() {
        let mut places = BrowserPlaces::beside([]);
        assert_eq!(given(&mut places, 0, 20_000, None), BROWSERS_PER_REPORT);
    }

    #[test]
    fn after_a_restart_an_address_gets_half_of_what_is_left() {
        let [one, two, _] = addresses();
        let mut places = BrowserPlaces::beside((0..5_000).map(browser));
        assert_eq!(given(&mut places, 5_000, 10_000, one), 2_500);
        assert_eq!(given(&mut places, 20_000, 50, two), 50);
    }

    #[test]
    fn a_place_that_was_given_back_is_free() {
        let [one, ..] = addresses();
        let mut places = BrowserPlaces::beside([]);
        given(&mut places, 0, 5_000, one);
        assert_eq!(places.take(browser(9_000), one), BrowserPlace::Refused);
        places.give_back(browser(7), one);
        assert_eq!(places.take(browser(9_000), one), BrowserPlace::Given);
    }
}
