//! Chooses which two versions a page compares: the newest that enough installations have.

use std::cmp::Ordering;

use headcount_fleet::name_table::OTHER;
use headcount_shared::api::{FleetShare, FleetSharesAnswer};

/// A version that so many installations had on a day is worth a comparison.
const ENOUGH_INSTALLATIONS: u64 = 10;

/// Or one that a part of all installations had on a day: in a small fleet, nothing else could be compared.
const ENOUGH_PART: u64 = 20;

/// The versions of a comparison that were chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseChoice {
    /// The version that another one is compared with.
    pub before: Option<String>,
    /// The version that is compared.
    pub after: Option<String>,
}

impl ReleaseChoice {
    /// The versions to compare: those that were chosen; without, the newest version that enough installations
    /// had on a day, and the one before it. `None` if there are no two.
    #[must_use]
    pub fn resolve(&self, versions: &FleetSharesAnswer) -> Option<[String; 2]> {
        let releases = releases(versions);
        let newest = |than: Option<&str>| {
            let is_older = |version: &&&str| than.is_none_or(|than| version_order(version, than).is_lt());
            releases.iter().find(is_older).map(|version| (*version).to_owned())
        };
        let after = match &self.after {
            Some(after) => after.clone(),
            None => newest(None)?,
        };
        let before = match &self.before {
            Some(before) => before.clone(),
            None => newest(Some(&after))?,
        };
        Some([before, after])
    }

    /// Names and values of what was chosen.
    #[must_use]
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let values = [("before", &self.before), ("after", &self.after)];
        values.into_iter().filter_map(|(name, version)| Some((name, version.clone()?))).collect()
    }
}

/// The newest version that enough installations had on a day.
#[must_use]
pub fn newest_release(versions: &FleetSharesAnswer) -> Option<&str> {
    releases(versions).first().copied()
}

/// The versions that enough installations had on a day, the newest first.
fn releases(versions: &FleetSharesAnswer) -> Vec<&str> {
    let is_release = |share: &&FleetShare| {
        let mut days = share.by_day.iter().zip(&versions.days);
        days.any(|(count, day)| {
            *count >= ENOUGH_INSTALLATIONS || (*count > 0 && *count * ENOUGH_PART >= day.installations)
        })
    };
    let is_named = |share: &&FleetShare| !share.label.is_empty() && share.label != OTHER;
    let mut releases: Vec<_> = versions
        .labels
        .iter()
        .filter(is_named)
        .filter(is_release)
        .map(|share| share.label.as_str())
        .collect();
    releases.sort_by(|one, other| version_order(other, one));
    releases
}

/// Orders versions as people do: `1.9` before `1.10`, and `1.10-rc1` before `1.10`. What has no number is
/// older than what has one.
fn version_order(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| {
        let (numbers, rest) = version.split_once(['-', '+']).unwrap_or((version, ""));
        (numbers.trim_start_matches('v').to_owned(), rest.to_owned())
    };
    let ((one_numbers, one_rest), (other_numbers, other_rest)) = (parts(one), parts(other));
    natural_order(&one_numbers, &other_numbers)
        .then_with(|| one_rest.is_empty().cmp(&other_rest.is_empty()))
        .then_with(|| natural_order(&one_rest, &other_rest))
        .then_with(|| one.cmp(other))
}

/// Orders texts by their parts between dots, numbers by their value.
fn natural_order(one: &str, other: &str) -> Ordering {
    let part = |part: &str| (part.parse::<u64>().ok(), part.to_owned());
    one.split('.').map(part).cmp(other.split('.').map(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer_basis::tests::shares;

    fn versions(counts: &[(&str, u64)]) -> FleetSharesAnswer {
        let label = |(label, count): &(&str, u64)| FleetShare {
            label: (*label).to_owned(),
            share: 0.0,
            installations: 1.0,
            value: 0,
            by_day: vec![*count],
            value_by_day: vec![0],
        };
        let all = counts.iter().map(|(_, count)| count).sum();
        FleetSharesAnswer { labels: counts.iter().map(label).collect(), ..shares(&[("2026-11-01", all)]) }
    }

    #[test]
    fn versions_are_in_the_order_in_which_they_are_made() {
        let ordered = ["", "nightly", "0.9", "1.2", "1.9.9", "1.10-rc1", "1.10-rc2", "v1.10", "1.10.1", "2"];
        for pair in ordered.windows(2) {
            assert_eq!(version_order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(version_order(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn the_newest_two_that_enough_installations_have_are_compared() {
        let all = versions(&[("1.9", 500), ("1.10", 20), ("1.11", 9), ("other", 50), ("", 60), ("1.8", 300)]);
        let choice = |before: Option<&str>, after: Option<&str>| ReleaseChoice {
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        for (before, after, compared) in [
            (None, None, Some(["1.9", "1.10"])),
            (None, Some("1.9"), Some(["1.8", "1.9"])),
            (None, Some("1.11"), Some(["1.10", "1.11"])),
            (Some("1.8"), None, Some(["1.8", "1.10"])),
            (Some(""), Some("1.11"), Some(["", "1.11"])),
            (None, Some("1.8"), None),
        ] {
            let compared = compared.map(|versions| versions.map(str::to_owned));
            assert_eq!(choice(before, after).resolve(&all), compared, "{before:?} {after:?}");
        }
        assert_eq!(newest_release(&all), Some("1.10"));
    }

    #[test]
    fn in_a_small_fleet_a_twentieth_is_enough() {
        let compared = ReleaseChoice::default().resolve(&versions(&[("1.0", 19), ("1.1", 1)]));
        assert_eq!(compared, Some(["1.0".to_owned(), "1.1".to_owned()]));
        assert_eq!(ReleaseChoice::default().resolve(&versions(&[("1.0", 300), ("1.1", 1)])), None);
    }
}
