//! Answers how many installations have something, by label and day.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use headcount_shared::api::{FleetDenominator, FleetShare, FleetSharesAnswer};

use super::{answer_period::AnswerPeriod, named_labels::NamedLabels};
use crate::{
    calendar_day::CalendarDay,
    cells::{
        cell_block::{CellBlock, CellFilter, CellKey, CellSums},
        cell_table::CellTable,
    },
    name_table::OTHER,
    size_class::SizeClass,
    typed_report::DatabaseKind,
};

/// What the labels of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareLabel {
    /// The labels of the table.
    Label,
    /// Versions.
    Version,
    /// Kinds of databases.
    Database,
    /// Size classes.
    Size,
}

impl ShareLabel {
    fn label_of(self, block: &CellBlock, key: CellKey) -> &str {
        match self {
            Self::Label => block.label(key),
            Self::Version => block.version(key),
            Self::Database => {
                DatabaseKind::ALL.get(usize::from(key.database)).map_or(OTHER, |kind| kind.label())
            }
            Self::Size => SizeClass::ALL.get(usize::from(key.size)).map_or(OTHER, |class| class.label()),
        }
    }

    /// The number of a label in its block.
    fn number_of(self, key: CellKey) -> u32 {
        match self {
            Self::Label => key.label,
            Self::Version => key.version,
            Self::Database => key.database.into(),
            Self::Size => key.size.into(),
        }
    }
}

/// The cells of a day: those of [`CellTable::Installations`], and those of the table.
#[derive(Debug, Clone, Copy)]
pub struct DayTables<'a> {
    /// The day.
    pub day: CalendarDay,
    /// The denominator.
    pub installations: &'a CellBlock,
    /// The table.
    pub table: &'a CellBlock,
}

/// The shares of a table over days in their order. An answer names its [`MOST_NAMED`](super::MOST_NAMED) most
/// frequent labels; the others are [`OTHER`].
#[must_use]
pub fn shares_answer(
    period: &AnswerPeriod,
    table: CellTable,
    label: ShareLabel,
    days: &[DayTables<'_>],
    computed_at: Option<u64>,
) -> FleetSharesAnswer {
    let denominators: Vec<_> = days
        .iter()
        .map(|day| {
            let counts = day.installations.filtered(period.filter()).map(|(_, sums)| sums.count);
            FleetDenominator { day: day.day.to_string(), installations: counts.sum() }
        })
        .collect();
    let by_day: Vec<_> = days.iter().map(|day| label_sums(label, day.table, period.filter())).collect();
    let named = NamedLabels::most_frequent(by_day.iter().flatten().map(|(label, _)| *label), || {
        let mut counts = HashMap::new();
        for (label, sums) in by_day.iter().flatten() {
            *counts.entry(*label).or_default() += sums.count;
        }
        counts
    });
    let mut by_label = BTreeMap::<&str, Vec<CellSums>>::new();
    for (at, day) in by_day.iter().enumerate() {
        for (label, sums) in day {
            let of_label =
                by_label.entry(named.name(label)).or_insert_with(|| vec![CellSums::default(); days.len()]);
            if let Some(of_day) = of_label.get_mut(at) {
                of_day.add(*sums);
            }
        }
    }
    let folded = days.iter().map(|day| match label {
        ShareLabel::Version => day.table.folded_versions,
        _ => day.table.folded_labels,
    });
    let all = denominators.iter().map(|day| day.installations).sum();
    let mut labels: Vec<_> = by_label.into_iter().map(|(label, sums)| share(label, &sums, all)).collect();
    labels.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.label.cmp(&b.label)));
    FleetSharesAnswer {
        scope: period.scope(computed_at),
        table: table.name().to_owned(),
        other_labels: folded.max().unwrap_or_default().saturating_add(named.folded()),
        days: denominators,
        labels,
    }
}

/// The sums of a block by label. A block has many cells and few labels, so each is looked up once.
fn label_sums<'a>(
    label: ShareLabel,
    block: &'a CellBlock,
    filter: CellFilter<'_>,
) -> Vec<(&'a str, CellSums)> {
    let mut places: HashMap<u32, usize, FixedState> = HashMap::default();
    let mut by_label: Vec<(&str, CellSums)> = Vec::new();
    for (key, sums) in block.filtered(filter) {
        let place = *places.entry(label.number_of(*key)).or_insert_with(|| {
            by_label.push((label.label_of(block, *key), CellSums::default()));
            by_label.len() - 1
        });
        if let Some((_, of_label)) = by_label.get_mut(place) {
            of_label.add(*sums);
        }
    }
    by_label
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(label: &str, sums: &[CellSums], all: u64) -> FleetShare {
    let count: u64 = sums.iter().map(|sums| sums.count).sum();
    FleetShare {
        label: label.to_owned(),
        share: if all == 0 { 0.0 } else { count as f64 / all as f64 },
        installations: count as f64 / sums.len().max(1) as f64,
        value: sums.iter().fold(0, |sum: u64, sums| sum.saturating_add(sums.value)),
        by_day: sums.iter().map(|sums| sums.count).collect(),
        value_by_day: sums.iter().map(|sums| sums.value).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::{MOST_NAMED, answer_period::tests::november};

    /// A block in which each version has so many installations.
    fn block(versions: &[(String, u64)]) -> CellBlock {
        let cells = (0..).zip(versions).map(|(version, (_, count))| {
            (CellKey { version, ..CellKey::default() }, CellSums { count: *count, value: 2 * count })
        });
        CellBlock {
            versions: versions.iter().map(|(version, _)| version.clone()).collect(),
            labels: vec![String::new()],
            cells: cells.collect(),
            ..CellBlock::default()
        }
    }

    #[test]
    fn versions_that_change_every_day_do_not_make_an_answer_large() {
        let first: CalendarDay = "2026-11-01".parse().unwrap();
        let of_day = |day: u32| {
            let rare = (0..500).map(|number| (format!("{day}.{number}"), 1));
            let all: Vec<_> = rare.chain([("stable".to_owned(), 100), (OTHER.to_owned(), 7)]).collect();
            CellBlock { folded_versions: 11, ..block(&all) }
        };
        let blocks: Vec<_> = (0..30).map(of_day).collect();
        let days: Vec<_> = (0..)
            .zip(&blocks)
            .map(|(day, block)| DayTables { day: first.plus_days(day), installations: block, table: block })
            .collect();
        let (table, label) = (CellTable::Installations, ShareLabel::Version);
        let answer = shares_answer(&november(), table, label, &days, None);
        assert_eq!(answer.labels.len(), MOST_NAMED + 1);
        let total: u64 = answer.labels.iter().flat_map(|label| &label.by_day).sum();
        assert_eq!(total, 30 * 607, "nothing is lost");
        assert_eq!(answer.other_labels, 11 + 30 * 500 - (MOST_NAMED as u64 - 1));
        let version = |name: &str| answer.labels.iter().find(|label| label.label == name).unwrap();
        assert_eq!(version("stable").by_day, [100; 30]);
        assert_eq!(version(OTHER).by_day.iter().sum::<u64>(), 30 * 507 - (MOST_NAMED as u64 - 1));
        assert_eq!(version(OTHER).value, 2 * (30 * 507 - (MOST_NAMED as u64 - 1)));
    }

    #[test]
    fn few_labels_all_have_their_name() {
        let block = block(&[("1.0".to_owned(), 3), (String::new(), 1)]);
        let day = "2026-11-02".parse().unwrap();
        let days = [DayTables { day, installations: &block, table: &block }];
        let (table, label) = (CellTable::Installations, ShareLabel::Version);
        let answer = shares_answer(&november(), table, label, &days, Some(5));
        let shares: Vec<_> = answer.labels.iter().map(|label| (label.label.as_str(), label.share)).collect();
        assert_eq!(shares, [("1.0", 0.75), ("", 0.25)]);
        assert_eq!(answer.other_labels, 0);
    }
}
