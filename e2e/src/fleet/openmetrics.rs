//! How is the past of fleets written down for `promtool`?

use std::io::Write;

use anyhow::Context;

use super::{Fleet, series::Series};

/// Writes what scrapes at these moments, in Unix seconds and in order, would have found, as OpenMetrics with timestamps: each
/// metric together, each series in the order of time.
///
/// # Errors
/// It cannot be written.
pub fn write_openmetrics<'a>(
    fleets: impl IntoIterator<Item = &'a Fleet>,
    moments: &[i64],
    to: &mut impl Write,
) -> anyhow::Result<()> {
    let mut series: Vec<&Series> = fleets.into_iter().flat_map(|fleet| &fleet.series).collect();
    series.sort_by_key(|series| series.name);
    for one in series {
        for &moment in moments.iter().filter(|moment| one.life.at(**moment)) {
            writeln!(to, "{} {} {moment}", one.text, one.value(moment))
                .context("the metrics cannot be written")?;
        }
    }
    to.write_all(b"# EOF\n").and_then(|()| to.flush()).context("the metrics cannot be written")
}
