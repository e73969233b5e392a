//! Draws the charts of the last hour as HTML, so that the program in the browser need not.

use headcount_charts::{
    ChartCaption, LineSeries, MarkKind, MomentContext, MomentMark, ValueUnit, moment_chart,
};
use headcount_shared::api::{ChartMark, ChartMarkKind, ChartUnit, ViewChart};

/// Begins the ids of the charts of a page.
pub(crate) const CHARTS_ID: &str = "chart";

/// The charts, one after another. `id` begins their ids and is unique in the page.
pub(crate) fn charts_html(id: &str, charts: &[ViewChart], marks: &[ChartMark]) -> String {
    charts
        .iter()
        .enumerate()
        .map(|(place, chart)| chart_html(&format!("{id}-{place}"), chart, marks))
        .collect()
}

fn chart_html(id: &str, chart: &ViewChart, marks: &[ChartMark]) -> String {
    let left_out = match chart.more_series {
        0 => String::new(),
        more => format!("The {} with the largest values; {more} more are left out.", chart.series.len()),
    };
    let caption = ChartCaption {
        id,
        title: &chart.title,
        description: &left_out,
        denominator: "the last hour",
        period: "times in UTC",
        freshness: "",
    };
    let values: Vec<Vec<Option<f64>>> = chart
        .series
        .iter()
        .map(|series| series.values.iter().map(|value| value.map(f64::from)).collect())
        .collect();
    let series: Vec<LineSeries<'_>> = chart
        .series
        .iter()
        .zip(&values)
        .map(|(series, values)| LineSeries { name: &series.name, values })
        .collect();
    let marks: Vec<MomentMark<'_>> = marks.iter().map(moment_mark).collect();
    let context = MomentContext { first: chart.from, step_s: chart.step_s, marks: &marks };
    moment_chart(&caption, &chart.value_title, unit_of(chart.unit), context, &series)
}

fn moment_mark(mark: &ChartMark) -> MomentMark<'_> {
    MomentMark { at: mark.at, kind: kind_of(mark.kind), label: &mark.label }
}

const fn kind_of(kind: ChartMarkKind) -> MarkKind {
    match kind {
        ChartMarkKind::Rollout => MarkKind::Rollout,
        ChartMarkKind::IncidentOpened => MarkKind::IncidentOpened,
        ChartMarkKind::IncidentResolved => MarkKind::IncidentResolved,
    }
}

const fn unit_of(unit: ChartUnit) -> ValueUnit {
    match unit {
        ChartUnit::Count => ValueUnit::Count,
        ChartUnit::Share => ValueUnit::Share,
        ChartUnit::Bytes => ValueUnit::Bytes,
        ChartUnit::Seconds => ValueUnit::Seconds,
        ChartUnit::Cores => ValueUnit::Cores,
    }
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::ViewSeries;

    use super::*;

    #[test]
    fn a_chart_says_what_is_left_out_and_marks_what_happened() {
        let chart = ViewChart {
            title: "CPU usage of instances".to_owned(),
            value_title: "cores".to_owned(),
            unit: ChartUnit::Cores,
            from: 46_800,
            step_s: 30,
            series: vec![
                ViewSeries { name: "cart-<1>".to_owned(), values: vec![Some(0.5); 120] },
                ViewSeries { name: "cart-2".to_owned(), values: vec![None; 120] },
            ],
            more_series: 3,
        };
        let mark = ChartMark { at: 47_100, kind: ChartMarkKind::Rollout, label: "cart-7f9".to_owned() };
        let html = charts_html("cpu", &[chart], &[mark]);
        for part in ["The 2 with the largest values; 3 more are left out.", "Rollout at 13:05: cart-7f9"] {
            assert!(html.contains(part), "{part}");
        }
        assert!(html.contains("cart-&lt;1&gt;") && !html.contains("style="));
    }
}
