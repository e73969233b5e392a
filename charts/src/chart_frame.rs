//! Puts around a picture what every chart has: title, what it is about, legend, and its numbers as a table.

use crate::markup::{MarkupText, OpenTag, TOOLTIP_CHARACTERS, WidthShare, name_text};

/// The number of colours that series have.
pub(crate) const SERIES_COLOURS: usize = 8;

/// What is said of a chart in words.
#[derive(Debug, Clone, Copy)]
pub struct ChartCaption<'a> {
    /// Begins every id in the chart. Unique in the page; what is neither a letter, a digit nor `-` is left
    /// out.
    pub id: &'a str,
    /// What the chart shows, in a few words: a heading of the second level.
    pub title: &'a str,
    /// What a reader should know about it, in a sentence. May be empty.
    pub description: &'a str,
    /// What the whole is: `of 1 234 installations that reported`.
    pub denominator: &'a str,
    /// Which time the chart is about: `1 to 30 November 2026`.
    pub period: &'a str,
    /// How new the numbers are: `computed on 1 December at 02:00 UTC`.
    pub freshness: &'a str,
}

impl ChartCaption<'_> {
    /// An id of an element of the chart.
    pub(crate) fn element_id(&self, name: &str) -> String {
        let id: String = self
            .id
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || *character == '-')
            .collect();
        format!("{}-{name}", if id.is_empty() { "chart" } else { &id })
    }

    fn write_caption(&self, out: &mut MarkupText) {
        out.tag("figcaption").content(|out| {
            out.tag("h2").class("chart-title").attr("id", self.element_id("title")).holding(self.title);
            if !self.description.is_empty() {
                out.tag("p").class("chart-description").holding(self.description);
            }
            let parts = [self.denominator, self.period, self.freshness];
            let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            if !said.is_empty() {
                out.tag("p").class("chart-basis").holding(said.join(" · "));
            }
        });
    }
}

/// The numbers of a chart as texts.
#[derive(Debug, Default)]
pub(crate) struct DataTable {
    /// The titles of the columns. The first column names its row.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// What is to be known of the rows, such as dated notes and rows that are left out.
    pub(crate) notes: Vec<String>,
}

impl DataTable {
    fn write(&self, caption: &ChartCaption<'_>, out: &mut MarkupText) {
        out.tag("details").class("chart-numbers").attr("id", caption.element_id("numbers")).content(|out| {
            out.tag("summary").content(|out| {
                out.text("Numbers");
                out.tag("span").class("chart-unseen").holding(format!(" of “{}”", caption.title));
            });
            if !self.notes.is_empty() {
                out.tag("ul").content(|out| self.notes.iter().for_each(|note| out.tag("li").holding(note)));
            }
            let scrolled = out.tag("div").class("chart-scroll").attr("tabindex", 0).attr("role", "group");
            scrolled.attr("aria-label", format!("Table of “{}”", caption.title)).content(|out| {
                out.tag("table").content(|out| {
                    out.tag("thead").content(|out| write_row(out, &self.columns, true));
                    out.tag("tbody")
                        .content(|out| self.rows.iter().for_each(|row| write_row(out, row, false)));
                });
            });
        });
    }
}

fn write_row(out: &mut MarkupText, cells: &[String], is_head: bool) {
    out.tag("tr").content(|out| {
        for (column, cell) in cells.iter().enumerate() {
            let text = name_text(cell, TOOLTIP_CHARACTERS);
            match (is_head, column) {
                (true, _) => out.tag("th").attr("scope", "col").holding(text),
                (false, 0) => out.tag("th").attr("scope", "row").holding(text),
                (false, _) => out.tag("td").holding(text),
            }
        }
    });
}

/// A chart: what is said about it, the picture, and its numbers.
pub(crate) fn figure(
    caption: &ChartCaption<'_>,
    picture: impl FnOnce(&mut MarkupText),
    numbers: Option<&DataTable>,
) -> String {
    let mut out = MarkupText::default();
    let figure = out.tag("figure").class("chart").attr("id", caption.element_id("chart"));
    figure.attr("aria-labelledby", caption.element_id("title")).content(|out| {
        caption.write_caption(out);
        picture(out);
        if let Some(numbers) = numbers {
            numbers.write(caption, out);
        }
    });
    out.into_text()
}

/// A chart without a single value.
pub(crate) fn empty_figure(caption: &ChartCaption<'_>) -> String {
    figure(caption, |out| out.tag("p").class("chart-empty").holding("There are no numbers yet."), None)
}

/// What a picture is to those who do not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureRole {
    /// One image with the title of its chart. No part of it can have the focus: the table has all numbers.
    Image,
    /// Links, each with its name.
    Links,
}

/// A picture of a fixed height in the width of its page.
pub(crate) fn picture(
    out: &mut MarkupText,
    caption: &ChartCaption<'_>,
    role: PictureRole,
    height: f64,
    classes: &str,
    write: impl FnOnce(&mut MarkupText),
) {
    let role = match role {
        PictureRole::Image => "img",
        PictureRole::Links => "group",
    };
    out.tag("div").class(format!("chart-plot {classes}")).content(|out| {
        let svg = out.tag("svg").size("100%", height).attr("role", role);
        svg.attr("aria-labelledby", caption.element_id("title")).content(write);
    });
}

/// A part of a picture that shows its reading while it has the pointer.
pub(crate) fn hovered_part<'a>(out: &'a mut MarkupText, class: &str) -> OpenTag<'a> {
    out.tag("g").class(class)
}

/// HTML in a part of a picture, so that its texts end with an ellipsis where there is no more room.
pub(crate) fn text_box(
    out: &mut MarkupText,
    (left, width): (f64, f64),
    (top, height): (f64, f64),
    class: &str,
    write: impl FnOnce(&mut MarkupText),
) {
    let place =
        out.tag("foreignObject").class(class).at(WidthShare(left), top).size(WidthShare(width), height);
    // What is in it is also in the title of the part.
    place.attr("aria-hidden", "true").content(write);
}

/// The class that colours a series.
pub(crate) fn series_class(place: usize) -> String {
    format!("series-{}", place % SERIES_COLOURS + 1)
}

/// What the colours of series mean.
pub(crate) fn legend<'a>(out: &mut MarkupText, names: impl Iterator<Item = &'a str>) {
    out.tag("ul").class("chart-legend").content(|out| {
        for (place, name) in names.enumerate() {
            out.tag("li").content(|out| {
                let key = out.tag("svg").size("14", 10.0).attr("aria-hidden", "true");
                key.class(series_class(place)).content(|out| {
                    out.tag("line").attr("x1", 1).attr("x2", 13).attr("y1", 5).attr("y2", 5).empty();
                });
                out.text(name_text(name, TOOLTIP_CHARACTERS));
            });
        }
    });
}

/// The class of the margin that labels of the left axis need.
pub(crate) fn margin_class<'a>(labels: impl Iterator<Item = &'a str>) -> &'static str {
    match labels.map(|label| label.chars().count()).max().unwrap_or(0) {
        0..=4 => "margin-narrow",
        5..=7 => "margin-medium",
        8..=11 => "margin-wide",
        _ => "margin-widest",
    }
}
