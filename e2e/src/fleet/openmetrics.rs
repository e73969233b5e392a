//! How is the past of fleets written down for `promtool`?

use std::{io::Write, ops::RangeInclusive};

use anyhow::Context;

use super::{Fleet, series::Series};

/// Writes what scrapes would have found in the time `between`, in Unix seconds, one every so many seconds, as OpenMetrics with
/// timestamps: each metric together, each series in the order of time.
///
/// # Errors
/// It cannot be written.
pub fn write_openmetrics(
    fleets: &[Fleet],
    between: RangeInclusive<i64>,
    every: i64,
    to: &mut impl Write,
) -> anyhow::Result<()> {
    let mut series: Vec<&Series> = fleets.iter().flat_map(|fleet| &fleet.series).collect();
    series.sort_by_key(|series| series.name);
    let moments: Vec<i64> = between.step_by(usize::try_from(every.max(1))?).collect();
    for one in series {
        for &moment in moments.iter().filter(|moment| one.life.at(**moment)) {
            writeln!(to, "{} {} {moment}", one.text, one.value(moment))
                .context("the metrics cannot be written")?;
        }
    }
    to.write_all(b"# EOF\n").and_then(|()| to.flush()).context("the metrics cannot be written")
}
