//! Turns what was reported on each day into charts.

use headcount_charts::{ChartCaption, ChartDay, LineSeries, MissingSpan, TimeContext, ValueUnit, line_chart};
use headcount_shared::api::ReportedDay;

/// A line of a chart.
type SeriesOfDays = (&'static str, fn(&ReportedDay) -> Option<f64>);

/// A chart over days.
struct ReportedChart {
    id: &'static str,
    title: &'static str,
    value_title: &'static str,
    unit: ValueUnit,
    series: &'static [SeriesOfDays],
}

const CHARTS: [ReportedChart; 6] = [
    ReportedChart {
        id: "reported-sizes",
        title: "Nodes, applications and instances",
        value_title: "largest report of a day",
        unit: ValueUnit::Count,
        series: &[
            ("nodes", |day| count(day.nodes)),
            ("applications", |day| count(day.applications)),
            ("instances", |day| count(day.instances)),
        ],
    },
    ReportedChart {
        id: "reported-cpu",
        title: "Processor time of this program",
        value_title: "mean of a day",
        unit: ValueUnit::Cores,
        series: &[("processor time", |day| day.cpu_cores)],
    },
    ReportedChart {
        id: "reported-memory",
        title: "Memory of this program",
        value_title: "mean of a day",
        unit: ValueUnit::Bytes,
        series: &[("memory", |day| day.memory_bytes)],
    },
    ReportedChart {
        id: "reported-views",
        title: "Page views",
        value_title: "page views a day",
        unit: ValueUnit::Count,
        series: &[("page views", |day| count(day.page_views))],
    },
    ReportedChart {
        id: "reported-browsers",
        title: "Browsers",
        value_title: "largest report of a day",
        unit: ValueUnit::Count,
        series: &[("browsers", |day| count(day.browsers))],
    },
    ReportedChart {
        id: "reported-events",
        title: "Reports, rollouts and notifications",
        value_title: "a day",
        unit: ValueUnit::Count,
        series: &[
            ("reports", |day| count(day.reports)),
            ("rollouts", |day| count(day.deployments)),
            ("notifications", |day| count(day.notifications)),
        ],
    },
];

/// The charts of the days of which something was reported, as HTML. Empty without days.
#[must_use]
pub fn reported_charts(days: &[ReportedDay]) -> String {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return String::new() };
    let missing = missing_days(days);
    let context = TimeContext { first_day: chart_day(first.day), marks: &[], missing: &missing };
    let period = format!("{} to {}", chart_day(first.day), chart_day(last.day));
    CHARTS.iter().map(|chart| chart_html(chart, days, context, &period)).collect()
}

fn chart_html(chart: &ReportedChart, days: &[ReportedDay], context: TimeContext<'_>, period: &str) -> String {
    let values: Vec<(&str, Vec<Option<f64>>)> =
        chart.series.iter().map(|(name, value)| (*name, values_by_day(days, *value))).collect();
    let series: Vec<LineSeries<'_>> =
        values.iter().map(|(name, values)| LineSeries { name, values }).collect();
    let caption = ChartCaption {
        id: chart.id,
        title: chart.title,
        description: "",
        denominator: "of the reports that were delivered",
        period,
        freshness: "",
    };
    line_chart(&caption, chart.value_title, chart.unit, context, &series)
}

/// A value for each day from the first to the last, `None` where nothing was reported.
fn values_by_day(days: &[ReportedDay], value: fn(&ReportedDay) -> Option<f64>) -> Vec<Option<f64>> {
    let mut values = Vec::new();
    let first = days.first().map_or(0, |day| day.day);
    for day in days {
        values.resize((day.day - first) as usize, None);
        values.push(value(day));
    }
    values
}

/// The days between others of which nothing was reported.
fn missing_days(days: &[ReportedDay]) -> Vec<MissingSpan<'static>> {
    let pairs = days.windows(2).filter_map(|pair| match pair {
        [one, next] if next.day > one.day + 1 => Some((one.day + 1, next.day - 1)),
        _ => None,
    });
    let span = |(first, last)| MissingSpan {
        first: chart_day(first),
        last: chart_day(last),
        reason: "no report was delivered",
    };
    pairs.map(span).collect()
}

const fn chart_day(day: u32) -> ChartDay {
    ChartDay::from_days_since_epoch(day)
}

#[expect(clippy::cast_precision_loss, reason = "a chart needs no last digit")]
const fn count(number: u64) -> Option<f64> {
    Some(number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(day: u32, nodes: u64) -> ReportedDay {
        ReportedDay { day, nodes, reports: 1, cpu_cores: Some(0.08), ..ReportedDay::default() }
    }

    #[test]
    fn days_without_a_report_are_gaps() {
        let days = [reported(100, 3), reported(101, 4), reported(104, 5)];
        let nodes = values_by_day(&days, |day| count(day.nodes));
        assert_eq!(nodes, [Some(3.0), Some(4.0), None, None, Some(5.0)]);
        let missing = missing_days(&days);
        let spans: Vec<(u32, u32)> = missing
            .iter()
            .map(|span| (span.first.days_since_epoch(), span.last.days_since_epoch()))
            .collect();
        assert_eq!(spans, [(102, 103)]);
    }

    #[test]
    fn every_chart_has_its_numbers_in_the_units_of_people_and_a_name_of_its_own() {
        let html = reported_charts(&[reported(20_000, 12_345), reported(20_001, 3)]);
        assert_eq!(html.matches("<figure").count(), CHARTS.len());
        for text in
            ["12\u{202f}345", "8.0\u{202f}% of a core", "4\u{a0}Oct\u{a0}2024", "Memory of this program"]
        {
            assert!(html.contains(text), "{text}");
        }
        for chart in &CHARTS {
            assert_eq!(html.matches(&format!("id=\"{}-title\"", chart.id)).count(), 1, "{}", chart.id);
        }
        assert!(!html.contains("style="));
    }

    #[test]
    fn without_days_there_are_no_charts() {
        assert_eq!(reported_charts(&[]), "");
    }
}
