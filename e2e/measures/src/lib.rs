//! Records the figures of a benchmark run, and checks them against the bounds in `docs/measures.md`.
//!
//! That document is the only list of measures. A benchmark records figures under the names in the list; a run
//! fails if a figure is outside its bound.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

mod bound;
mod environment;
mod figures;

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

pub use self::{
    bound::{FigureBound, InvalidBound},
    environment::print_environment,
    figures::SortedFigures,
};

/// The list of measures.
const LIST: &str = include_str!("../../../docs/measures.md");

/// The part of the list that a benchmark takes, by its heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureList {
    /// The measures of the server.
    Server,
    /// The measures of the tracker.
    Tracker,
    /// The measures of the pages of a collector.
    Pages,
    /// The measures of the web interface of a server.
    Interface,
}

/// How many measures of a list a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunExtent {
    /// All of them: a missing one fails the run.
    Whole,
    /// Only the requested ones.
    Chosen,
}

/// One run of a benchmark.
#[derive(Debug)]
pub struct MeasureRun {
    bounds: BTreeMap<&'static str, FigureBound>,
    lines: Vec<MeasuredLine>,
}

/// The result of one measure in a run.
#[derive(Debug)]
struct MeasuredLine {
    name: &'static str,
    figures: SortedFigures,
    bound: FigureBound,
}

impl MeasureRun {
    /// Begins a run of the measures in `docs/measures.md`.
    ///
    /// # Errors
    /// The list has an invalid bound.
    pub fn begin(list: MeasureList) -> anyhow::Result<Self> {
        Ok(Self { bounds: read_list(LIST, list)?, lines: Vec::new() })
    }

    /// Prints a figure beside its bound, and stores it for the verdict. Of several figures the median counts.
    ///
    /// # Errors
    /// The list has no measure of that name, or there is no figure.
    pub fn record(&mut self, name: &str, figures: impl Into<SortedFigures>) -> anyhow::Result<()> {
        let figures = figures.into();
        let (name, bound) =
            self.bounds.get_key_value(name).with_context(|| format!("docs/measures.md has no {name:?}"))?;
        ensure!(!figures.median().is_nan(), "{name:?} has no figure");
        let line = MeasuredLine { name, figures, bound: *bound };
        println!("  {line}");
        self.lines.push(line);
        Ok(())
    }

    /// Prints all figures of the run as one table.
    ///
    /// # Errors
    /// Measures are outside their bounds, or a whole run did not take some. The error names them.
    pub fn finish(self, extent: RunExtent) -> anyhow::Result<()> {
        println!("\nall measures of this run");
        self.lines.iter().for_each(|line| println!("  {line}"));
        let missed = self.lines.iter().filter(|line| !line.is_kept()).map(|line| line.name);
        let missed: Vec<&str> = missed.collect();
        ensure!(missed.is_empty(), "outside their bounds: {}", missed.join("; "));
        let is_taken = |name: &str| self.lines.iter().any(|line| line.name == name);
        let missing: Vec<&str> = self.bounds.keys().copied().filter(|name| !is_taken(name)).collect();
        ensure!(extent == RunExtent::Chosen || missing.is_empty(), "not taken: {}", missing.join("; "));
        Ok(())
    }
}

impl MeasuredLine {
    fn is_kept(&self) -> bool {
        self.bound.holds(self.figures.median())
    }
}

impl std::fmt::Display for MeasuredLine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, figures, bound } = self;
        let verdict = if self.is_kept() { "" } else { "  OUTSIDE" };
        write!(formatter, "{name:<62} {figures}  [{bound}]{verdict}")
    }
}

/// Reads the bound of each measure from the Markdown table below a heading. The first two columns are the
/// name and the bound.
fn read_list(text: &'static str, list: MeasureList) -> anyhow::Result<BTreeMap<&'static str, FigureBound>> {
    let heading = format!("## {list:?}");
    let below = text.lines().skip_while(|line| *line != heading).skip(1);
    let below = below.take_while(|line| !line.starts_with('#'));
    let mut bounds = BTreeMap::new();
    for row in below.filter_map(|line| line.strip_prefix("| ")).filter(|row| !is_head(row)) {
        let mut cells = row.split(" | ").map(str::trim);
        let (name, bound) =
            cells.next().zip(cells.next()).with_context(|| format!("{row:?} has no bound"))?;
        let bound = bound.parse().with_context(|| format!("the bound of {name:?}"))?;
        ensure!(bounds.insert(name, bound).is_none(), "{name:?} is there twice");
    }
    Ok(bounds)
}

fn is_head(row: &str) -> bool {
    row.starts_with("measure | bound | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_in_the_list_can_be_read() {
        assert!(read_list(LIST, MeasureList::Server).unwrap().len() > 20);
        assert!(read_list(LIST, MeasureList::Tracker).unwrap().len() > 5);
        assert_eq!(read_list(LIST, MeasureList::Pages).unwrap().len(), 5);
        assert_eq!(read_list(LIST, MeasureList::Interface).unwrap().len(), 8);
    }

    #[test]
    fn a_figure_outside_its_bound_fails_the_run() {
        let list = "## Server\n\n| measure | bound | goal |\n|---|---|---|\n| speed | at least 0.8 | 0.9 |\n| size | at most 2 | |\n";
        let run_of = |extent, figures: &[(&str, f64)]| {
            let mut run = MeasureRun { bounds: read_list(list, MeasureList::Server)?, lines: Vec::new() };
            figures.iter().try_for_each(|(name, figure)| run.record(name, *figure))?;
            run.finish(extent)
        };
        let run = |figures: &[(&str, f64)]| run_of(RunExtent::Chosen, figures);
        run(&[("speed", 0.8)]).unwrap();
        let missing = run_of(RunExtent::Whole, &[("speed", 0.8)]).unwrap_err().to_string();
        assert_eq!(missing, "not taken: size");
        run(&[("speed", 0.8), ("size", 2.0)]).unwrap();
        let missed = run(&[("speed", 0.79), ("size", 2.1)]).unwrap_err().to_string();
        assert_eq!(missed, "outside their bounds: speed; size");
        assert!(run(&[("weight", 1.0)]).is_err(), "a measure that is not in the list");
        assert!(run(&[("speed", f64::NAN)]).is_err(), "no figure");
    }
}
