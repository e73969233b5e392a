//! Draws values as horizontal bars in a table, which is also what screen readers read.

use crate::{
    chart_frame::{ChartCaption, empty_figure, figure},
    markup::{LABEL_CHARACTERS, MarkupText, OpenTag, TOOLTIP_CHARACTERS, WidthShare, name_text, shortened},
    number_format::{ValueUnit, percent},
};

/// The height of a bar.
const HEIGHT: f64 = 10.0;

/// A bar.
#[derive(Debug, Clone, Copy)]
pub struct ChartBar<'a> {
    /// What the value is of.
    pub label: &'a str,
    /// The value. Negative ones and those that are no numbers have no bar.
    pub value: f64,
    /// The value as a share of the whole, 0 to 1, if that can be said.
    pub share: Option<f64>,
}

/// What the bars are.
#[derive(Debug, Clone, Copy)]
pub struct BarChart<'a> {
    /// The title of the labels: `Version`.
    pub label_title: &'a str,
    /// The title of the values: `Installations`.
    pub value_title: &'a str,
    /// The unit of the values.
    pub unit: ValueUnit,
    /// How many bars are shown at once; the others can be unfolded.
    pub shown: usize,
    /// In the order in which they are shown.
    pub bars: &'a [ChartBar<'a>],
}

/// Horizontal bars, each with its label, value and share. The longest is as long as there is room.
#[must_use]
pub fn bar_chart(caption: &ChartCaption<'_>, chart: &BarChart<'_>) -> String {
    if chart.bars.is_empty() {
        return empty_figure(caption);
    }
    // One bar alone is not worth a fold.
    let shown = if chart.bars.len() <= chart.shown + 1 { chart.bars.len() } else { chart.shown };
    let (first, rest) = chart.bars.split_at_checked(shown).unwrap_or((chart.bars, &[]));
    let draw = |out: &mut MarkupText| {
        write_table(out, caption, chart, first);
        if !rest.is_empty() {
            out.tag("details").class("chart-more").content(|out| {
                out.tag("summary").content(|out| {
                    out.text(format!("{} more of {}", rest.len(), chart.bars.len()));
                    out.tag("span").class("chart-unseen").holding(format!(" of “{}”", caption.title));
                });
                write_table(out, caption, chart, rest);
            });
        }
    };
    figure(caption, draw, None)
}

fn write_table(
    out: &mut MarkupText,
    caption: &ChartCaption<'_>,
    chart: &BarChart<'_>,
    bars: &[ChartBar<'_>],
) {
    let longest =
        chart.bars.iter().map(|bar| bar.value).filter(|value| value.is_finite()).fold(0.0, f64::max);
    let has_shares = chart.bars.iter().any(|bar| bar.share.is_some());
    let table = with_role(out, "table", "table").class("chart-bars");
    table.attr("aria-labelledby", caption.element_id("title")).content(|out| {
        with_role(out, "thead", "rowgroup").content(|out| {
            with_role(out, "tr", "row").content(|out| {
                column_title(out, "bar-label", chart.label_title);
                with_role(out, "td", "cell").class("bar").empty();
                column_title(out, "bar-value", chart.value_title);
                if has_shares {
                    column_title(out, "bar-share", "Share");
                }
            });
        });
        with_role(out, "tbody", "rowgroup").content(|out| {
            for bar in bars {
                write_bar(out, chart.unit, bar, longest, has_shares);
            }
        });
    });
}

/// An element that stays what it is for screen readers, although narrow screens show its table as a grid.
fn with_role<'a>(out: &'a mut MarkupText, name: &'static str, role: &str) -> OpenTag<'a> {
    out.tag(name).attr("role", role)
}

fn column_title(out: &mut MarkupText, class: &str, title: &str) {
    let title = shortened(title, LABEL_CHARACTERS);
    with_role(out, "th", "columnheader").attr("scope", "col").class(class).holding(title);
}

fn write_bar(out: &mut MarkupText, unit: ValueUnit, bar: &ChartBar<'_>, longest: f64, has_shares: bool) {
    let length = if longest > 0.0 && bar.value > 0.0 { (bar.value / longest).min(1.0) } else { 0.0 };
    with_role(out, "tr", "row").content(|out| {
        let label = name_text(bar.label, TOOLTIP_CHARACTERS);
        with_role(out, "th", "rowheader").attr("scope", "row").class("bar-label").holding(label);
        with_role(out, "td", "cell").class("bar").content(|out| {
            let svg = out.tag("svg").size("100%", HEIGHT).attr("aria-hidden", "true");
            svg.content(|out| {
                out.tag("rect").class("track").size("100%", HEIGHT).attr("rx", 2).empty();
                out.tag("rect").class("bar-fill").size(WidthShare(length), HEIGHT).attr("rx", 2).empty();
            });
        });
        with_role(out, "td", "cell").class("bar-value").holding(unit.value_text(bar.value));
        if has_shares {
            let share = bar.share.map_or_else(String::new, percent);
            with_role(out, "td", "cell").class("bar-share").holding(share);
        }
    });
}
