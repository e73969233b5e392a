//! Puts what is published of a table beside what it is exactly, and says why something is not shown.

use std::collections::{BTreeMap, BTreeSet};

use headcount_fleet::{log_bucket::LogHistogram, published::exact::ExactCell};
use headcount_shared::api::{PublishedCellAnswer, PublishedRule, PublishedTableRelease};

/// The exact numbers of a table on the day of a release.
pub type ExactTable = Vec<ExactCell>;

/// Where a cell is: the version, and the label; `None` for all others.
pub(crate) type CellPlace<'a> = (Option<&'a str>, Option<&'a str>);

/// Exact numbers of the installations of a cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ExactNumbers {
    pub(crate) installations: u64,
    pub(crate) sum: f64,
    pub(crate) amounts: LogHistogram,
}

impl ExactNumbers {
    fn add(&mut self, cell: &ExactCell) {
        self.installations += cell.installations;
        self.sum += cell.sum;
        cell.amounts.buckets().for_each(|(bucket, count)| self.amounts.add(bucket, count));
    }
}

/// A cell that is published, with the exact numbers of its installations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ShownCell<'a> {
    pub(crate) cell: &'a PublishedCellAnswer,
    pub(crate) exact: Option<ExactNumbers>,
}

/// What became of installations that have no cell of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HiddenIn {
    /// They are in the cell of all other versions.
    OtherVersions,
    /// They are in the cell of all other labels of the version.
    OtherLabels,
    /// The label is named without a number: that of the installations without it would be too small.
    WithoutNumber,
    /// They are in no cell.
    Nowhere,
}

/// Exact numbers that are not published.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HiddenCell<'a> {
    pub(crate) version: &'a str,
    pub(crate) label: &'a str,
    pub(crate) installations: u64,
    pub(crate) hidden_in: HiddenIn,
}

/// A table of a release beside the exact numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ComparedTable<'a> {
    pub(crate) shown: Vec<ShownCell<'a>>,
    /// The largest first.
    pub(crate) hidden: Vec<HiddenCell<'a>>,
}

/// Compares a table. Without exact numbers nothing is said about what is hidden. `has_labels` tells whether
/// cells without a label are those of all others.
pub(crate) fn compare_table<'a>(
    release: &'a PublishedTableRelease,
    exact: Option<&'a ExactTable>,
    shown_versions: &BTreeSet<&str>,
    has_labels: bool,
) -> ComparedTable<'a> {
    let places: BTreeSet<CellPlace<'_>> = release.cells.iter().map(place_of).collect();
    let mut numbers = BTreeMap::<CellPlace<'_>, ExactNumbers>::new();
    let mut hidden = Vec::new();
    for cell in exact.into_iter().flatten() {
        let version = Some(cell.version.as_str()).filter(|version| shown_versions.contains(version));
        let label = Some(cell.label.as_str()).filter(|_| has_labels);
        let others = has_labels.then_some((version, None)).filter(|others| places.contains(others));
        let place = if places.contains(&(version, label)) { Some((version, label)) } else { others };
        if let Some(place) = place {
            numbers.entry(place).or_default().add(cell);
        }
        let hidden_in = match place {
            Some((None, _)) => HiddenIn::OtherVersions,
            Some((Some(_), None)) if has_labels => HiddenIn::OtherLabels,
            Some(_) => continue,
            None if release
                .without_number
                .iter()
                .any(|named| named.version.as_deref() == version && Some(named.label.as_str()) == label) =>
            {
                HiddenIn::WithoutNumber
            }
            None => HiddenIn::Nowhere,
        };
        hidden.push(HiddenCell {
            version: &cell.version,
            label: &cell.label,
            installations: cell.installations,
            hidden_in,
        });
    }
    hidden.sort_by(|one, other| {
        other
            .installations
            .cmp(&one.installations)
            .then((one.version, one.label).cmp(&(other.version, other.label)))
    });
    let shown = release.cells.iter().map(|cell| ShownCell {
        cell,
        exact: exact.map(|_| numbers.remove(&place_of(cell)).unwrap_or_default()),
    });
    ComparedTable { shown: shown.collect(), hidden }
}

fn place_of(cell: &PublishedCellAnswer) -> CellPlace<'_> {
    (cell.version.as_deref(), cell.label.as_deref())
}

/// Why exact numbers have no cell of their own.
pub(crate) fn reason(rule: &PublishedRule, cell: &HiddenCell<'_>, has_open_names: bool) -> String {
    let PublishedRule { shown_from, noise_cut, .. } = rule;
    let most = i64::try_from(cell.installations).unwrap_or(i64::MAX).saturating_add(*noise_cut);
    match cell.hidden_in {
        HiddenIn::WithoutNumber => "the number of all others would be too small".to_owned(),
        _ if most < *shown_from => format!("too few for any noise: cells are shown from {shown_from}"),
        HiddenIn::OtherVersions => {
            format!(
                "the version, the label in it, or all others together are below {shown_from} with their noise"
            )
        }
        _ if has_open_names => {
            format!(
                "below {shown_from} with its noise, or all others are, or a name that is new in this release, or the \
                 only one"
            )
        }
        _ => format!("below {shown_from} with its noise, or all others together are"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use headcount_shared::api::{PublishedRelease, PublishedWithoutNumber};

    use super::*;

    pub(crate) const RULE: PublishedRule = PublishedRule {
        smallest_group: 10,
        noise_sd: 25.0,
        noise_cut: 75,
        shown_from: 85,
        release_every_days: 7,
        provisional_after_days: 2,
        final_after_days: 15,
        counted_from_day: 3,
    };

    pub(crate) fn published(
        version: Option<&str>,
        label: Option<&str>,
        installations: i64,
    ) -> PublishedCellAnswer {
        PublishedCellAnswer {
            version: version.map(str::to_owned),
            label: label.map(str::to_owned),
            installations,
            of_installations: 1000,
            sum: None,
            percentiles: Vec::new(),
        }
    }

    pub(crate) fn exact(version: &str, label: &str, installations: u64) -> ExactCell {
        ExactCell {
            version: version.to_owned(),
            label: label.to_owned(),
            installations,
            ..ExactCell::default()
        }
    }

    pub(crate) fn release(
        cells: Vec<PublishedCellAnswer>,
        without_number: &[(&str, &str)],
    ) -> PublishedTableRelease {
        PublishedTableRelease {
            release: PublishedRelease {
                day: "2026-11-01".to_owned(),
                stage: "provisional".to_owned(),
                released_at: 1_800_000_000,
                installations: 1000,
                folded_versions: 5,
            },
            folded_names: 10,
            cells,
            without_number: without_number
                .iter()
                .map(|(version, label)| PublishedWithoutNumber {
                    version: Some((*version).to_owned()),
                    label: (*label).to_owned(),
                })
                .collect(),
        }
    }

    #[test]
    fn every_exact_number_is_in_a_cell_or_its_place_is_told() {
        let cells = vec![
            published(Some("1.0"), Some("aws"), 510),
            published(Some("1.0"), None, 90),
            published(None, Some("aws"), 100),
        ];
        let release = release(cells, &[("1.1", "gcp")]);
        let exact = vec![
            exact("1.0", "aws", 500),
            exact("1.0", "ovh", 60),
            exact("1.0", "own", 20),
            exact("1.1", "gcp", 400),
            exact("0.9", "aws", 80),
            exact("0.8", "aws", 7),
            exact("0.8", "ovh", 3),
        ];
        let versions = BTreeSet::from(["1.0", "1.1"]);
        let compared = compare_table(&release, Some(&exact), &versions, true);
        let shown: Vec<_> = compared
            .shown
            .iter()
            .map(|shown| shown.exact.as_ref().map(|exact| exact.installations))
            .collect();
        assert_eq!(shown, [Some(500), Some(80), Some(87)]);
        let hidden: Vec<_> =
            compared.hidden.iter().map(|hidden| (hidden.version, hidden.label, hidden.hidden_in)).collect();
        assert_eq!(
            hidden,
            [
                ("1.1", "gcp", HiddenIn::WithoutNumber),
                ("0.9", "aws", HiddenIn::OtherVersions),
                ("1.0", "ovh", HiddenIn::OtherLabels),
                ("1.0", "own", HiddenIn::OtherLabels),
                ("0.8", "aws", HiddenIn::OtherVersions),
                ("0.8", "ovh", HiddenIn::Nowhere),
            ]
        );
        let viewer = compare_table(&release, None, &versions, true);
        assert!(viewer.hidden.is_empty() && viewer.shown.iter().all(|shown| shown.exact.is_none()));
    }

    #[test]
    fn the_reason_depends_on_the_number_and_the_rule() {
        let hidden =
            |installations, hidden_in| HiddenCell { version: "1", label: "a", installations, hidden_in };
        for (cell, has_open_names, said) in [
            (hidden(9, HiddenIn::Nowhere), false, "too few for any noise: cells are shown from 85"),
            (hidden(10, HiddenIn::Nowhere), false, "below 85 with its noise"),
            (hidden(300, HiddenIn::OtherLabels), true, "new in this release"),
            (hidden(300, HiddenIn::WithoutNumber), false, "the number of all others would be too small"),
            (
                hidden(50, HiddenIn::OtherVersions),
                false,
                "the version, the label in it, or all others together are below 85",
            ),
        ] {
            let text = reason(&RULE, &cell, has_open_names);
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}
