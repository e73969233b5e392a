//! Answers how sizes and times are distributed.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use headcount_shared::api::{FleetBucket, FleetDistribution, FleetDistributionsAnswer};

use super::{answer_period::AnswerPeriod, named_labels::NamedLabels};
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

impl DistributionGroup {
    /// The number of a group in its block.
    fn number_of(self, key: CellKey) -> u32 {
        match self {
            Self::None => 0,
            Self::Version => key.version,
            Self::Size => key.size.into(),
        }
    }
}

/// The distributions of a table, over all blocks. An answer names its [`MOST_NAMED`](super::MOST_NAMED) most
/// frequent labels and versions; the others are [`OTHER`].
#[must_use]
pub fn distributions_answer(
    period: &AnswerPeriod,
    table: CellTable,
    group: DistributionGroup,
    blocks: &[CellBlock],
    computed_at: Option<u64>,
) -> FleetDistributionsAnswer {
    let labels = NamedLabels::most_frequent(
        blocks.iter().flat_map(|block| block.labels.iter().map(String::as_str)),
        || counts_by_name(blocks, period, |key| key.label, |block, key| block.label(key)),
    );
    let versions = match group {
        DistributionGroup::Version => NamedLabels::most_frequent(
            blocks.iter().flat_map(|block| block.versions.iter().map(String::as_str)),
            || counts_by_name(blocks, period, |key| key.version, |block, key| block.version(key)),
        ),
        DistributionGroup::None | DistributionGroup::Size => NamedLabels::default(),
    };
    let mut distributions = GroupedDistributions::default();
    for block in blocks {
        distributions.add_block(block, period, group, &labels, &versions);
    }
    let distributions = distributions.sorted().map(|(label, name, sums)| {
        let group = (group != DistributionGroup::None).then(|| name.to_owned());
        distribution(label, group, &sums.histogram, sums.value)
    });
    let unit = if table.counts_reports() { "report" } else { "installation" };
    let folded = blocks.iter().map(|block| block.folded_labels).max().unwrap_or_default();
    FleetDistributionsAnswer {
        scope: period.scope(computed_at),
        table: table.name().to_owned(),
        unit: unit.to_owned(),
        distributions: distributions.collect(),
        other_labels: folded.saturating_add(labels.folded()).saturating_add(versions.folded()),
    }
}

/// How often each name is. `number` is its number in a block, so that each is looked up once a block.
fn counts_by_name<'a>(
    blocks: &'a [CellBlock],
    period: &AnswerPeriod,
    number: fn(CellKey) -> u32,
    name: fn(&'a CellBlock, CellKey) -> &'a str,
) -> HashMap<&'a str, u64> {
    let mut counts = HashMap::<&str, u64>::new();
    for block in blocks {
        let mut of_block: HashMap<u32, (CellKey, u64), FixedState> = HashMap::default();
        for (key, sums) in block.filtered(period.filter()) {
            of_block.entry(number(*key)).or_insert((*key, 0)).1 += sums.count;
        }
        for (key, count) in of_block.into_values() {
            *counts.entry(name(block, key)).or_default() += count;
        }
    }
    counts
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
    fn add_block(
        &mut self,
        block: &'a CellBlock,
        period: &AnswerPeriod,
        group: DistributionGroup,
        labels: &NamedLabels<'_>,
        versions: &NamedLabels<'_>,
    ) {
        let mut place_by_numbers: HashMap<(u32, u32), usize, FixedState> = HashMap::default();
        let mut latest = None;
        for (key, sums) in block.filtered(period.filter()) {
            let numbers = (key.label, group.number_of(*key));
            let place = match latest {
                Some((known, place)) if known == numbers => place,
                _ => *place_by_numbers.entry(numbers).or_insert_with(|| {
                    let group = versions.name(group_name(group, block, *key));
                    self.place(labels.name(block.label(*key)), group)
                }),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::{MOST_NAMED, answer_period::tests::november},
        cells::cell_block::CellSums,
        log_bucket::LogBucket,
    };

    /// Reports of a day: two stages in each of 500 versions that no other day has, and many of version `stable`.
    fn day(day: u32) -> CellBlock {
        let rare = (0..500).map(|number| (format!("{day}.{number}"), 1));
        let versions: Vec<_> = rare.chain([("stable".to_owned(), 100)]).collect();
        let cell = |(version, count), label| {
            let key = CellKey { version, label, bucket: LogBucket::containing(2.0), ..CellKey::default() };
            (key, CellSums { count, value: 1 })
        };
        let cells = (0..).zip(&versions);
        let cells = cells.flat_map(|(number, (_, count))| [0, 1].map(|label| cell((number, *count), label)));
        CellBlock {
            cells: cells.collect(),
            versions: versions.iter().map(|(version, _)| version.clone()).collect(),
            labels: vec!["parse".to_owned(), "store".to_owned()],
            ..CellBlock::default()
        }
    }

    #[test]
    fn distributions_by_version_are_bounded_and_lose_nothing() {
        let blocks: Vec<_> = (0..20).map(day).collect();
        let group = DistributionGroup::Version;
        let answer = distributions_answer(&november(), CellTable::Stages, group, &blocks, None);
        assert_eq!(answer.distributions.len(), 2 * (MOST_NAMED + 1));
        assert_eq!(answer.other_labels, 20 * 500 + 1 - MOST_NAMED as u64);
        let count = |of: &FleetDistribution| of.count;
        assert_eq!(answer.distributions.iter().map(count).sum::<u64>(), 20 * 2 * 600);
        let of_version = |version: &str| {
            let is_it = |of: &&FleetDistribution| of.group.as_deref() == Some(version) && of.label == "parse";
            answer.distributions.iter().find(is_it).map(count)
        };
        assert_eq!(of_version("stable"), Some(2000));
        assert_eq!(of_version(OTHER), Some(20 * 500 + 1 - MOST_NAMED as u64));
    }

    #[test]
    fn a_version_is_found_among_the_many_of_a_day() {
        let blocks: Vec<_> = (0..3).map(day).collect();
        let period = AnswerPeriod { version: Some("1.7".to_owned()), ..november() };
        let answer = distributions_answer(&period, CellTable::Stages, DistributionGroup::None, &blocks, None);
        let found: Vec<_> = answer.distributions.iter().map(|of| (of.label.as_str(), of.count)).collect();
        assert_eq!(found, [("parse", 1), ("store", 1)]);
    }
}
