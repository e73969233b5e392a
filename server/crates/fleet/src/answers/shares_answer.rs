//! Answers how many installations have something, by label and day.

use std::collections::BTreeMap;

use headcount_shared::api::{FleetDenominator, FleetShare, FleetSharesAnswer};

use super::answer_period::AnswerPeriod;
use crate::{
    calendar_day::CalendarDay,
    cells::{
        cell_block::{CellBlock, CellKey, CellSums},
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
}

/// The cells of a day: those of [`CellTable::Installations`], and those of the table.
#[derive(Debug)]
pub struct DayTables {
    /// The day.
    pub day: CalendarDay,
    /// The denominator.
    pub installations: CellBlock,
    /// The table.
    pub table: CellBlock,
}

/// The shares of a table over days in their order.
#[must_use]
pub fn shares_answer(
    period: &AnswerPeriod,
    table: CellTable,
    label: ShareLabel,
    days: &[DayTables],
    computed_at: Option<u64>,
) -> FleetSharesAnswer {
    let mut by_label = BTreeMap::<&str, Vec<CellSums>>::new();
    let mut denominators = Vec::with_capacity(days.len());
    let mut other_labels = 0;
    for (at, DayTables { day, installations, table }) in days.iter().enumerate() {
        let counts = installations.filtered(period.filter()).map(|(_, sums)| sums.count);
        denominators.push(FleetDenominator { day: day.to_string(), installations: counts.sum() });
        for (key, sums) in table.filtered(period.filter()) {
            let of_label = by_label.entry(label.label_of(table, *key)).or_default();
            of_label.resize(days.len(), CellSums::default());
            if let Some(of_day) = of_label.get_mut(at) {
                of_day.add(*sums);
            }
        }
        let folded = if label == ShareLabel::Version { table.folded_versions } else { table.folded_labels };
        other_labels = other_labels.max(folded);
    }
    let all = denominators.iter().map(|day| day.installations).sum();
    let mut labels: Vec<_> = by_label.into_iter().map(|(label, sums)| share(label, &sums, all)).collect();
    labels.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.label.cmp(&b.label)));
    FleetSharesAnswer {
        scope: period.scope(computed_at),
        table: table.name().to_owned(),
        days: denominators,
        labels,
        other_labels,
    }
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
