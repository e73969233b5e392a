//! Writes the past of fleets as OpenMetrics for `promtool`.

use std::io::Write;

use anyhow::Context;

use super::{SimulatedInfrastructure, series::SimulatedSeries};

/// Writes the samples of these moments, in Unix seconds and in order, as OpenMetrics with timestamps: grouped
/// by metric, each series in the order of time.
///
/// # Errors
/// Writing fails.
pub fn write_openmetrics<'a>(
    fleets: impl IntoIterator<Item = &'a SimulatedInfrastructure>,
    moments: &[i64],
    to: &mut impl Write,
) -> anyhow::Result<()> {
    let mut series: Vec<&SimulatedSeries> = fleets.into_iter().flat_map(|fleet| &fleet.series).collect();
    series.sort_by_key(|series| series.name);
    for one in series {
        for &moment in moments.iter().filter(|moment| one.lifetime.at(**moment)) {
            writeln!(to, "{} {} {moment}", one.text, one.value(moment))
                .context("the metrics cannot be written")?;
        }
    }
    to.write_all(b"# EOF\n").and_then(|()| to.flush()).context("the metrics cannot be written")
}
