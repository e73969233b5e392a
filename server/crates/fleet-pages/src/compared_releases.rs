//! Chooses which two versions a page compares: those that were chosen, or the newest that enough
//! installations have.

use std::cmp::Ordering;

use headcount_fleet::name_table::OTHER;
use headcount_shared::api::{FleetShare, FleetSharesAnswer};

use crate::shown_names::{shown_version, version_value};

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

/// Two versions that are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedReleases {
    /// The version that another one is compared with.
    pub before: ObservedRelease,
    /// The version that is compared.
    pub after: ObservedRelease,
}

/// A version, and how often it was observed.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedRelease {
    /// The version.
    pub version: String,
    /// The days on which any installation had it; `None` if the answer does not name it.
    days: Option<u64>,
}

/// Why a page compares no versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoComparison {
    /// None was chosen, and there are no two that enough installations have.
    FewReleases,
    /// There is none before this one that enough installations have.
    NoOlder(String),
    /// It was chosen twice.
    SameVersion(String),
    /// No installation has it.
    UnknownVersion(String),
    /// It was chosen alone.
    OneVersion {
        /// The version.
        version: String,
        /// It and another one that it can be compared with, the older one first.
        suggested: Option<[String; 2]>,
    },
}

impl ReleaseChoice {
    /// The versions to compare: those that were chosen; without, the newest version that enough installations
    /// had on a day, and the one before it.
    ///
    /// # Errors
    /// Why there is nothing to compare.
    pub fn resolve(&self, versions: &FleetSharesAnswer) -> Result<ComparedReleases, NoComparison> {
        let releases = releases(versions);
        let newest = |than: Option<&str>| {
            let is_older = |version: &&&str| than.is_none_or(|than| version_order(version, than).is_lt());
            releases.iter().find(is_older).map(|version| (*version).to_owned())
        };
        let after = match &self.after {
            Some(after) => after.clone(),
            None => newest(None).ok_or(NoComparison::FewReleases)?,
        };
        let before = match (&self.before, newest(Some(&after))) {
            (Some(before), _) => before.clone(),
            (None, Some(before)) => before,
            (None, None) if self.after.is_some() => return Err(NoComparison::NoOlder(after)),
            (None, None) => return Err(NoComparison::FewReleases),
        };
        if before == after {
            return Err(NoComparison::SameVersion(after));
        }
        let observed = |version| ObservedRelease::new(version, versions);
        Ok(ComparedReleases { before: observed(before)?, after: observed(after)? })
    }

    /// The same for a page that compares only what was chosen; `None` if nothing was.
    ///
    /// # Errors
    /// Why there is nothing to compare.
    pub fn resolve_chosen(
        &self,
        versions: &FleetSharesAnswer,
    ) -> Result<Option<ComparedReleases>, NoComparison> {
        let version = match (&self.before, &self.after) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return self.resolve(versions).map(Some),
            (Some(version), None) | (None, Some(version)) => version.clone(),
        };
        ObservedRelease::new(version.clone(), versions)?;
        let with_older = Self { before: None, after: Some(version.clone()) };
        let with_newest = Self { before: Some(version.clone()), after: None };
        let suggested = with_older.resolve(versions).or_else(|_| with_newest.resolve(versions));
        let suggested = suggested.ok().map(|compared| compared.versions().map(str::to_owned));
        Err(NoComparison::OneVersion { version, suggested })
    }

    /// Names and values of what was chosen.
    #[must_use]
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let values = [("before", &self.before), ("after", &self.after)];
        let kept = values
            .into_iter()
            .filter_map(|(name, version)| Some((name, version_value(version.as_deref()?).to_owned())));
        kept.collect()
    }
}

impl ComparedReleases {
    /// Both versions, the one that another one is compared with first.
    #[must_use]
    pub fn versions(&self) -> [&str; 2] {
        [&self.before.version, &self.after.version]
    }
}

impl ObservedRelease {
    /// A version that is among the named ones of an answer, or may be among those that it does not name.
    fn new(version: String, versions: &FleetSharesAnswer) -> Result<Self, NoComparison> {
        let Some(share) = versions.labels.iter().find(|share| share.label == version) else {
            return match versions.other_labels {
                0 => Err(NoComparison::UnknownVersion(version)),
                _ => Ok(Self { version, days: None }),
            };
        };
        let days = share.by_day.iter().filter(|count| **count > 0).count() as u64;
        Ok(Self { version, days: Some(days) })
    }

    /// A number of installations that so many values are of at least, if an installation has at most one value
    /// a day; `None` if it is not known.
    pub(crate) fn installations(&self, values: u64) -> Option<f64> {
        self.days.map(|days| real(values) / real(days.max(1)))
    }
}

impl NoComparison {
    /// What to do about it.
    pub(crate) fn sentence(&self) -> String {
        let enough =
            format!("at least {ENOUGH_INSTALLATIONS} installations, or one in {ENOUGH_PART}, had on one day");
        match self {
            Self::FewReleases => {
                format!("A comparison needs two versions that {enough}. In this time there are no two.")
            }
            Self::NoOlder(version) => format!(
                "In this time there is no version before {} that {enough}. Choose one to compare it with.",
                shown_version(version)
            ),
            Self::SameVersion(version) => {
                format!("{} cannot be compared with itself. Choose two versions.", shown_version(version))
            }
            Self::UnknownVersion(version) => {
                format!("No installation had {} in this time. Choose another version.", named(version))
            }
            Self::OneVersion { version, .. } => {
                format!("Choose a second version to compare {} with.", shown_version(version))
            }
        }
    }
}

fn named(version: &str) -> String {
    let shown = shown_version(version);
    if version.is_empty() { format!("an {shown}") } else { format!("version {shown}") }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn real(count: u64) -> f64 {
    count as f64
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
pub(crate) mod tests {
    use super::*;
    use crate::answer_basis::tests::shares;

    /// The versions 1.0 and 1.1, each of which so many installations had on ten days.
    pub(crate) fn compared_releases(installations: u64) -> ComparedReleases {
        let mut versions = versions(&[("1.0", 0), ("1.1", 0)]);
        for label in &mut versions.labels {
            label.by_day = vec![installations; 10];
        }
        let chosen = choice(Some("1.0"), Some("1.1"));
        chosen.resolve(&versions).unwrap()
    }

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

    fn choice(before: Option<&str>, after: Option<&str>) -> ReleaseChoice {
        ReleaseChoice { before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    fn compared(choice: &ReleaseChoice, versions: &FleetSharesAnswer) -> Result<[String; 2], NoComparison> {
        choice.resolve(versions).map(|compared| compared.versions().map(str::to_owned))
    }

    #[test]
    fn the_newest_two_that_enough_installations_have_are_compared() {
        let all = versions(&[("1.9", 500), ("1.10", 20), ("1.11", 9), ("other", 50), ("", 60), ("1.8", 300)]);
        for (before, after, expected) in [
            (None, None, ["1.9", "1.10"]),
            (None, Some("1.9"), ["1.8", "1.9"]),
            (None, Some("1.11"), ["1.10", "1.11"]),
            (Some("1.8"), None, ["1.8", "1.10"]),
            (Some(""), Some("1.11"), ["", "1.11"]),
        ] {
            let compared = compared(&choice(before, after), &all);
            assert_eq!(compared, Ok(expected.map(str::to_owned)), "{before:?} {after:?}");
        }
        assert_eq!(newest_release(&all), Some("1.10"));
    }

    #[test]
    fn what_cannot_be_compared_is_told() {
        let all = versions(&[("1.9", 500), ("1.10", 20), ("1.8", 300)]);
        for (before, after, sentence) in [
            (None, Some("1.8"), "In this time there is no version before 1.8"),
            (Some("1.9"), Some("1.9"), "1.9 cannot be compared with itself. Choose two versions."),
            (Some("1.10"), None, "1.10 cannot be compared with itself."),
            (Some("<1>"), Some("1.9"), "No installation had version <1> in this time."),
            (Some("1.9"), Some(""), "No installation had an unknown version in this time."),
        ] {
            let told = compared(&choice(before, after), &all).unwrap_err().sentence();
            assert!(told.starts_with(sentence), "{told}");
        }
        let none = compared(&choice(None, None), &versions(&[("1.9", 500)])).unwrap_err().sentence();
        assert!(none.starts_with("A comparison needs two versions"), "{none}");
        let folded = FleetSharesAnswer { other_labels: 3, ..all };
        assert!(compared(&choice(Some("0.1"), Some("1.9")), &folded).is_ok(), "it may be one without a name");
    }

    #[test]
    fn one_version_alone_is_compared_only_where_the_other_one_is_chosen_for_it() {
        let all = versions(&[("1.9", 500), ("1.10", 20), ("1.8", 300)]);
        assert_eq!(choice(None, None).resolve_chosen(&all), Ok(None));
        for (before, after, suggested) in [
            (Some("1.10"), None, ["1.9", "1.10"]),
            (None, Some("1.9"), ["1.8", "1.9"]),
            (Some("1.8"), None, ["1.8", "1.10"]),
        ] {
            let told = choice(before, after).resolve_chosen(&all).unwrap_err();
            let version = before.or(after).unwrap().to_owned();
            let suggested = Some(suggested.map(str::to_owned));
            assert_eq!(told, NoComparison::OneVersion { version, suggested });
        }
        let unknown = choice(Some("7"), None).resolve_chosen(&all);
        assert_eq!(unknown, Err(NoComparison::UnknownVersion("7".to_owned())));
    }

    #[test]
    fn in_a_small_fleet_a_twentieth_is_enough() {
        let small = versions(&[("1.0", 19), ("1.1", 1)]);
        assert_eq!(compared(&choice(None, None), &small), Ok(["1.0".to_owned(), "1.1".to_owned()]));
        let large = versions(&[("1.0", 300), ("1.1", 1)]);
        assert_eq!(compared(&choice(None, None), &large), Err(NoComparison::FewReleases));
    }

    #[test]
    fn an_installation_has_at_most_one_value_on_each_day_of_its_version() {
        let mut versions = versions(&[("1.0", 0)]);
        versions.other_labels = 1;
        versions.labels[0].by_day = vec![0, 10, 30];
        let installations = |version: &str, values| {
            ObservedRelease::new(version.to_owned(), &versions).unwrap().installations(values)
        };
        assert_eq!(installations("1.0", 40), Some(20.0), "40 values on two days");
        assert_eq!(installations("1.0", 0), Some(0.0));
        assert_eq!(installations("0.1", 40), None, "it is not known how many days an unnamed version has");
    }

    #[test]
    fn what_is_kept_of_a_choice_names_reports_without_a_version() {
        let kept = choice(Some(""), Some("1.0")).kept();
        assert_eq!(kept, [("before", "(unknown)".to_owned()), ("after", "1.0".to_owned())]);
    }
}
