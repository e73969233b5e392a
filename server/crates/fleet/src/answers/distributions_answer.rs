//! Answers how sizes and times are distributed.

use std::collections::BTreeMap;

use headcount_shared::api::{FleetBucket, FleetDistribution, FleetDistributionsAnswer};

use super::answer_period::AnswerPeriod;
use crate::{
    cells::{cell_block::CellBlock, cell_table::CellTable},
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
    let mut distributions = BTreeMap::<(&str, &str), (LogHistogram, u64)>::new();
    for block in blocks {
        for (key, sums) in block.filtered(period.filter()) {
            let group = match group {
                DistributionGroup::None => "",
                DistributionGroup::Version => block.version(*key),
                DistributionGroup::Size => {
                    SizeClass::ALL.get(usize::from(key.size)).map_or(OTHER, |class| class.label())
                }
            };
            let (histogram, value) = distributions.entry((block.label(*key), group)).or_default();
            histogram.add(key.bucket, sums.count);
            *value = value.saturating_add(sums.value);
        }
    }
    let distributions = distributions.into_iter().map(|((label, name), (histogram, value))| {
        let group = (group != DistributionGroup::None).then(|| name.to_owned());
        distribution(label, group, &histogram, value)
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
