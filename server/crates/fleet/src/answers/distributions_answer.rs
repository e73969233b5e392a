//! Answers how sizes and times are distributed.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use headcount_shared::api::{FleetBucket, FleetDistribution, FleetDistributionsAnswer};

use super::answer_period::AnswerPeriod;
use crate::{
    cells::{
        cell_block::{CellBlock, CellKey},
        cell_table::CellTable,
    },
    log_bucket::LogHistogram,
    name_table::OTHER,
    size_class::SizeClass,
};

/// What distributions are told apart by, beside their labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DistributionGroup {
    /// Nothing.
    #[default]
    None,
    /// The version.
    Version,
    /// The size class.
    Size,
}

/// The distributions of a table, over all blocks.
#[must_use]
pub fn distributions_answer(
    period: &AnswerPeriod,
    table: CellTable,
    group: DistributionGroup,
    blocks: &[CellBlock],
    computed_at: Option<u64>,
) -> FleetDistributionsAnswer {
    let mut distributions = GroupedDistributions::default();
    for block in blocks {
        distributions.add_block(block, period, group);
    }
    let distributions = distributions.sorted().map(|(label, name, sums)| {
        let group = (group != DistributionGroup::None).then(|| name.to_owned());
        distribution(label, group, &sums.histogram, sums.value)
    });
    let unit = if table.counts_reports() { "report" } else { "installation" };
    FleetDistributionsAnswer {
        scope: period.scope(computed_at),
        table: table.name().to_owned(),
        unit: unit.to_owned(),
        distributions: distributions.collect(),
        other_labels: blocks.iter().map(|block| block.folded_labels).max().unwrap_or_default(),
    }
}

/// The sums of a label and group.
#[derive(Debug, Default)]
struct DistributionSums {
    histogram: LogHistogram,
    value: u64,
}

/// Sums by label and name of a group, over blocks that number both differently.
#[derive(Debug, Default)]
struct GroupedDistributions<'a> {
    place_by_names: HashMap<(&'a str, &'a str), usize>,
    sums: Vec<DistributionSums>,
}

impl<'a> GroupedDistributions<'a> {
    /// Adds the cells of a block that pass the filter. A block has up to a million cells and few pairs of names,
    /// so each pair is looked up once.
    fn add_block(&mut self, block: &'a CellBlock, period: &AnswerPeriod, group: DistributionGroup) {
        let mut place_by_numbers: HashMap<(u32, u32), usize, FixedState> = HashMap::default();
        let mut latest = None;
        for (key, sums) in block.filtered(period.filter()) {
            let numbers = match group {
                DistributionGroup::None => (key.label, 0),
                DistributionGroup::Version => (key.label, key.version),
                DistributionGroup::Size => (key.label, u32::from(key.size)),
            };
            let place = match latest {
                Some((known, place)) if known == numbers => place,
                _ => *place_by_numbers
                    .entry(numbers)
                    .or_insert_with(|| self.place(block.label(*key), group_name(group, block, *key))),
            };
            latest = Some((numbers, place));
            if let Some(of_names) = self.sums.get_mut(place) {
                of_names.histogram.add(key.bucket, sums.count);
                of_names.value = of_names.value.saturating_add(sums.value);
            }
        }
    }

    fn place(&mut self, label: &'a str, group: &'a str) -> usize {
        *self.place_by_names.entry((label, group)).or_insert_with(|| {
            self.sums.push(DistributionSums::default());
            self.sums.len() - 1
        })
    }

    /// The sums in the order of their names.
    fn sorted(mut self) -> impl Iterator<Item = (&'a str, &'a str, DistributionSums)> {
        let mut names: Vec<_> = self.place_by_names.into_iter().collect();
        names.sort_unstable();
        names.into_iter().filter_map(move |((label, group), place)| {
            Some((label, group, self.sums.get_mut(place).map(std::mem::take)?))
        })
    }
}

fn group_name(group: DistributionGroup, block: &CellBlock, key: CellKey) -> &str {
    match group {
        DistributionGroup::None => "",
        DistributionGroup::Version => block.version(key),
        DistributionGroup::Size => {
            SizeClass::ALL.get(usize::from(key.size)).map_or(OTHER, |class| class.label())
        }
    }
}

fn distribution(
    label: &str,
    group: Option<String>,
    histogram: &LogHistogram,
    value: u64,
) -> FleetDistribution {
    let percentile = |share| histogram.percentile(share).unwrap_or_default();
    FleetDistribution {
        label: label.to_owned(),
        group,
        count: histogram.total(),
        value,
        p10: percentile(0.10),
        p25: percentile(0.25),
        p50: percentile(0.50),
        p75: percentile(0.75),
        p90: percentile(0.90),
        p95: percentile(0.95),
        p99: percentile(0.99),
        buckets: histogram
            .buckets()
            .map(|(bucket, count)| FleetBucket { up_to: bucket.upper_edge(), count })
            .collect(),
    }
}
