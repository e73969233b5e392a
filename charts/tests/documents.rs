//! Checks what every chart writes: that it is well-formed, keeps labels text, and can be read without a
//! picture.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use headcount_charts::{
    BarChart, ChartBar, ChartCaption, ChartDay, CountedBucket, HistogramChart, LineSeries, MarkKind,
    MissingSpan, MomentContext, MomentMark, PercentileMark, ShareSeries, TimeContext, TimeMark, ValueUnit,
    area_chart, bar_chart,
    flame_graph::{FlameDirection, FlameNode, FlameStyle, FlameTree, FlameView, flame_graph, flame_picture},
    histogram_chart, line_chart, moment_chart,
    treemap::{TreemapPart, treemap},
};
use proptest::prelude::*;

/// An element as it was written.
#[derive(Debug)]
struct WrittenElement {
    name: String,
    attributes: Vec<(String, String)>,
    /// The names of the elements around it.
    around: Vec<String>,
    /// The text in it and in its children.
    text: String,
}

impl WrittenElement {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(its, _)| its == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document as XML without declarations, comments or foreign entities, which no chart has.
fn parse(document: &str) -> Vec<WrittenElement> {
    let mut elements: Vec<WrittenElement> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = document;
    while let Some((text, after)) = rest.split_once('<') {
        let text = unescaped(text);
        assert!(!open.is_empty() || text.is_empty(), "text outside of all elements: {text:?}");
        open.iter().for_each(|element| elements[*element].text.push_str(&text));
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let closed = open.pop().expect("only open elements are closed");
            assert_eq!(elements[closed].name, name);
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|character| character.is_ascii_alphanumeric()), "{name:?}");
        let around = open.iter().map(|element| elements[*element].name.clone()).collect();
        let attributes = parse_attributes(attributes);
        elements.push(WrittenElement { name: name.to_owned(), attributes, around, text: String::new() });
        if !is_empty {
            open.push(elements.len() - 1);
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{} elements are not closed, {rest:?}", open.len());
    elements
}

fn parse_attributes(mut text: &str) -> Vec<(String, String)> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    while !text.is_empty() {
        let (name, after) = text.split_once("=\"").expect("an attribute has a quoted value");
        let (value, after) = after.split_once('"').expect("a value ends");
        assert!(
            name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-'),
            "{name:?}"
        );
        assert!(attributes.iter().all(|(before, _)| before != name), "{name} twice");
        attributes.push((name.to_owned(), unescaped(value)));
        text = after.strip_prefix(' ').unwrap_or(after);
    }
    attributes
}

fn unescaped(text: &str) -> String {
    let is_allowed = |character: char| {
        let is_space = matches!(character, '\t' | '\n' | '\r');
        is_space || (!character.is_control() && !matches!(character, '\u{fffe}' | '\u{ffff}'))
    };
    assert!(text.chars().all(is_allowed), "{text:?}");
    assert!(!text.contains(['>', '"', '\'']), "{text:?}");
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let (entity, after) = part.split_once(';').expect("an entity ends");
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("{other} is not known"),
        });
        plain.push_str(after);
    }
    plain
}

/// What every chart keeps to.
fn check(document: &str) -> Vec<WrittenElement> {
    let elements = parse(document);
    let mut ids = BTreeSet::new();
    for element in &elements {
        let name = &element.name;
        for (attribute, _) in &element.attributes {
            assert_ne!(attribute, "style", "{element:?}");
            assert!(!attribute.starts_with("on"), "{element:?}");
        }
        assert!(!["script", "style", "img", "link", "iframe"].contains(&name.as_str()), "{element:?}");
        if let Some(id) = element.attribute("id") {
            assert!(ids.insert(id), "{id} twice");
        }
        let is_part = element.around.iter().any(|around| around == "svg");
        let has_focus = element.attribute("tabindex").is_some() || element.attribute("href").is_some();
        if is_part && has_focus {
            assert_eq!(name, "a", "{element:?}");
            assert!(!element.text.trim().is_empty(), "{element:?}");
        }
    }
    for element in &elements {
        if let Some(label) = element.attribute("aria-labelledby") {
            assert!(ids.contains(label), "{label}");
        }
    }
    elements
}

fn caption<'a>(id: &'a str, text: &'a str) -> ChartCaption<'a> {
    ChartCaption { id, title: text, description: text, denominator: text, period: text, freshness: text }
}

/// Every chart with a label in all places, and with values.
fn charts(label: &str, values: &[f64]) -> Vec<String> {
    let options: Vec<Option<f64>> = values.iter().map(|value| (*value != 7.0).then_some(*value)).collect();
    let first_day = ChartDay::from_days_since_epoch(20_000);
    let kinds = [MarkKind::Release, MarkKind::SchemaChange, MarkKind::Note];
    let marks = kinds.map(|kind| TimeMark { day: first_day, kind, label });
    let missing = [MissingSpan { first: first_day, last: first_day.plus_days(1), reason: label }];
    let context = TimeContext { first_day, marks: &marks, missing: &missing };
    let kinds = [MarkKind::Rollout, MarkKind::IncidentOpened, MarkKind::IncidentResolved];
    let events = kinds.map(|kind| MomentMark { at: 1_700_000_000, kind, label });
    let moments = MomentContext { first: 1_700_000_000, step_s: 30, marks: &events };
    let bars: Vec<ChartBar<'_>> =
        values.iter().map(|value| ChartBar { label, value: *value, share: Some(*value) }).collect();
    let units = [ValueUnit::Count, ValueUnit::Share, ValueUnit::Bytes, ValueUnit::Seconds, ValueUnit::Cores];
    let buckets: Vec<CountedBucket> = values
        .iter()
        .map(|value| CountedBucket { from: *value, to: value * 2.0, count: value.abs() as u64 })
        .collect();
    let parts: Vec<TreemapPart<'_>> =
        values.iter().map(|value| TreemapPart { label, value: *value, group: values.len() }).collect();
    let mut tree = FlameTree::new(FlameNode { name: label, key: 0, value: 9, value_before: 9 });
    let mut last = tree.root();
    for (key, value) in (1..).zip(values) {
        let value = value.abs() as u64;
        let node = FlameNode { name: label, key, value, value_before: value / 2 };
        last = tree.add_child(if key % 3 == 0 { tree.root() } else { last }, node);
    }
    let mut charts = Vec::new();
    for unit in units {
        let series = [LineSeries { name: label, values: &options }, LineSeries { name: label, values: &[] }];
        charts.push(line_chart(&caption("lines", label), label, unit, context, &series));
        charts.push(moment_chart(&caption("moments", label), label, unit, moments, &series));
        let bars = BarChart { label_title: label, value_title: label, unit, shown: 2, bars: &bars };
        charts.push(bar_chart(&caption(label, label), &bars));
        let percentiles = [PercentileMark { name: label, value: 3.0 }];
        let chart = HistogramChart {
            value_title: label,
            counted: label,
            counted_one: label,
            unit,
            zeros: 3,
            buckets: &buckets,
            percentiles: &percentiles,
        };
        charts.push(histogram_chart(&caption("", label), &chart));
        charts.push(treemap(&caption("a", label), label, unit, &parts));
    }
    charts.push(area_chart(
        &caption("areas", label),
        context,
        &[ShareSeries { name: label, values: &options }; 9],
    ));
    for is_difference in [false, true] {
        let link = |key: u64| format!("?a={key}&b={label}");
        let links: [Option<&dyn Fn(u64) -> String>; 2] = [None, Some(&link)];
        for (link, direction) in
            links.into_iter().zip([FlameDirection::RootAtTop, FlameDirection::RootAtBottom])
        {
            let view = FlameView { focus: tree.find_key(1), min_width: 0.01, is_difference };
            let style = FlameStyle { view, direction, unit: ValueUnit::Bytes };
            charts.push(flame_graph(&caption("flames", label), &tree, style, link));
        }
    }
    charts
}

const VALUES: [f64; 9] = [1.0, 2.0, 3.5, 7.0, 400.0, 12.0, 0.0, 1.0, 90_000.0];

#[test]
fn labels_stay_text() {
    let long = "0123456789".repeat(1024);
    for label in [
        "<script>alert(1)</script>",
        "\"'><img src=x onerror=alert(1)>",
        "]]>--><!--",
        "&lt;&amp;&#0;",
        "\u{0}\u{1}\u{7f}\u{85}\u{202e}\u{2066}\u{fffe}\u{ffff}",
        "\t\r\n",
        "",
        &long,
    ] {
        for document in charts(label, &VALUES) {
            let elements = check(&document);
            let titles: Vec<&WrittenElement> =
                elements.iter().filter(|element| element.attribute("class") == Some("chart-title")).collect();
            assert_eq!(titles.len(), 1);
            assert_eq!(titles[0].name, "h2", "a screen reader goes from heading to heading");
            assert_eq!(titles[0].text.chars().count(), label.chars().count());
        }
    }
}

#[test]
fn long_names_are_cut_in_pictures_and_tables() {
    let name = "0123456789".repeat(1024);
    for document in charts(&name, &VALUES) {
        for element in check(&document) {
            let is_part =
                ["svg", "table"].iter().any(|part| element.around.iter().any(|around| around == part));
            // A whole picture has many names, and a row of a table some of them.
            if is_part && ["text", "title", "div", "td", "th"].contains(&element.name.as_str()) {
                assert!(element.text.chars().count() < 1000, "{}", element.name);
            }
        }
    }
}

#[test]
fn charts_without_values_say_so() {
    for values in [&[][..], &[f64::NAN], &[f64::INFINITY, -1.0], &[0.0]] {
        for document in charts("x", values) {
            check(&document);
        }
    }
    let nothing = charts("x", &[]);
    let said = nothing.iter().filter(|document| document.contains("There are no numbers yet."));
    // All but the flame graphs, which have their root.
    assert_eq!(said.count(), nothing.len() - 4);
}

#[test]
fn every_picture_has_a_table_with_its_numbers() {
    for document in charts("x", &VALUES) {
        let elements = check(&document);
        let is_cell = |element: &&WrittenElement| element.name == "td" && !element.text.is_empty();
        assert!(elements.iter().filter(is_cell).count() > 1, "{document}");
        let headers = elements.iter().filter(|element| element.attribute("scope") == Some("col"));
        assert!(headers.count() > 1);
    }
}

#[test]
fn a_keyboard_stops_once_at_a_chart_and_at_the_links_of_a_graph() {
    let values: Vec<f64> = (1..400).map(f64::from).collect();
    for document in charts("x", &values) {
        let elements = check(&document);
        let is_folded = |element: &WrittenElement| element.around.iter().any(|around| around == "details");
        let is_stop = |element: &&WrittenElement| {
            let is_link = element.attribute("href").is_some();
            let has_stop = element.attribute("tabindex").map_or(is_link, |index| index == "0");
            element.name == "summary" || (has_stop && !is_folded(element))
        };
        let (links, others): (Vec<_>, Vec<_>) =
            elements.iter().filter(is_stop).partition(|element| element.name == "a");
        // The numbers of the picture, or the rest of the bars.
        assert_eq!(others.len(), 1, "{document}");
        assert_eq!(others[0].name, "summary");
        // The way past the graph is a link too.
        let most_links = if document.contains("chart-plot margin-none flame") { 49 } else { 0 };
        assert!(links.len() <= most_links, "{document}");
    }
}

#[test]
fn the_table_has_every_reading_of_a_picture() {
    let values: Vec<Option<f64>> = (0..120).map(|value| Some(f64::from(value) / 1000.0)).collect();
    let context = MomentContext { first: 1_700_000_000, step_s: 30, marks: &[] };
    let series = [LineSeries { name: "a", values: &values }];
    let document = moment_chart(&caption("a", "a"), "used", ValueUnit::Cores, context, &series);
    let elements = check(&document);
    let of_readings = elements.iter().filter(|element| element.name == "title");
    let of_readings: Vec<String> = of_readings.map(|title| title.text.clone()).collect();
    let of_rows = elements.iter().filter(|element| element.name == "tr").skip(1);
    assert_eq!(of_readings.len(), 120);
    assert_eq!(of_rows.clone().count(), 120);
    for (reading, row) in of_readings.iter().zip(of_rows) {
        assert_eq!(reading.replacen(": ", "", 1), row.text);
    }
}

#[test]
fn ticks_have_the_unit_of_readings_and_differ() {
    let buckets = [CountedBucket { from: 0.0078, to: 0.0086, count: 4 }];
    let chart = HistogramChart {
        value_title: "mean of a day",
        counted: "days",
        counted_one: "day",
        unit: ValueUnit::Cores,
        zeros: 0,
        buckets: &buckets,
        percentiles: &[PercentileMark { name: "p50", value: 0.0081 }],
    };
    let document = histogram_chart(&caption("a", "a"), &chart);
    for written in [
        ">p50 0.81\u{202f}% of a core<",
        ">0.8\u{202f}%<",
        ">0.82\u{202f}%<",
        ">mean of a day · % of a core<",
    ] {
        assert!(document.contains(written), "{written} in {document}");
    }
}

#[test]
fn one_counted_thing_is_told_in_the_singular() {
    let buckets = [1, 2].map(|count| CountedBucket { from: count as f64, to: 2.0 * count as f64, count });
    let chart = HistogramChart {
        value_title: "bytes",
        counted: "days",
        counted_one: "day",
        unit: ValueUnit::Bytes,
        zeros: 0,
        buckets: &buckets,
        percentiles: &[],
    };
    let document = histogram_chart(&caption("a", "a"), &chart);
    assert!(document.contains(": 1 day (33\u{202f}%)") && document.contains(": 2 days ("), "{document}");
}

#[test]
fn events_and_missing_days_are_told_in_words() {
    let document = &charts("1.12.0", &VALUES)[0];
    for said in [
        "<li>Release on 4\u{a0}Oct\u{a0}2024: 1.12.0</li>",
        "<li>New numbers on 4\u{a0}Oct\u{a0}2024: 1.12.0</li>",
        "<li>Note on 4\u{a0}Oct\u{a0}2024: 1.12.0</li>",
        "<li>No data from 4\u{a0}Oct\u{a0}2024 to 5\u{a0}Oct\u{a0}2024: 1.12.0</li>",
        "<td>no data</td>",
    ] {
        assert!(document.contains(said), "{said} in {document}");
    }
}

#[test]
fn a_gap_is_a_gap_in_the_line() {
    let values = [Some(1.0), None, Some(2.0), Some(3.0)];
    let context = TimeContext { first_day: ChartDay::from_days_since_epoch(0), marks: &[], missing: &[] };
    let series = [LineSeries { name: "a", values: &values }];
    let document = line_chart(&caption("a", "a"), "", ValueUnit::Count, context, &series);
    let elements = check(&document);
    let paths = elements.iter().filter(|element| element.name == "path");
    let paths: Vec<(&str, &str)> =
        paths.map(|path| (path.attribute("class").unwrap(), path.attribute("d").unwrap())).collect();
    let expected = [("line series-1", "M666.67 333.33L1000 0"), ("line dots series-1", "M0 666.67h0")];
    assert_eq!(paths, expected);
}

#[test]
fn a_picture_alone_is_that_of_the_graph_and_marks_what_is_found() {
    let node = |name, key, value| FlameNode { name, key, value, value_before: 0 };
    let mut tree = FlameTree::new(node("all", 0, 100));
    let main = tree.add_child(tree.root(), node("main", 1, 80));
    tree.add_child(main, node("parse", 2, 50));
    let view = FlameView { focus: None, min_width: 0.0, is_difference: false };
    let style = FlameStyle { view, direction: FlameDirection::RootAtTop, unit: ValueUnit::Share };
    let link = |key: u64| format!("?focus={key}");
    let whole = flame_graph(&caption("flame", "Calls"), &tree, style, Some(&link));
    let picture = |found: &str| {
        flame_picture(&caption("flame", "Calls"), &tree, style, &link, &|name| {
            !found.is_empty() && name.contains(found)
        })
    };
    assert!(whole.contains(&picture("")), "{whole}");
    let found = picture("a");
    assert_eq!(found.matches("class=\"frame found\"").count(), 2, "{found}");
    // The root is the whole, and no function.
    assert_eq!(picture("all").matches("found").count(), 0);
}

#[test]
fn rectangles_of_functions_are_links() {
    let mut tree = FlameTree::new(FlameNode { name: "all", key: 0, value: 1000, value_before: 1000 });
    tree.add_child(tree.root(), FlameNode { name: "a::b::c", key: 1, value: 900, value_before: 800 });
    tree.add_child(tree.root(), FlameNode { name: "d", key: 2, value: 4, value_before: 4 });
    tree.add_child(tree.root(), FlameNode { name: "e", key: 3, value: 4, value_before: 4 });
    tree.add_child(tree.root(), FlameNode { name: "f", key: 4, value: 6, value_before: 6 });
    let link = |key: u64| format!("?focus={key}");
    let mut style = FlameStyle {
        view: FlameView { focus: None, min_width: 0.005, is_difference: false },
        direction: FlameDirection::RootAtTop,
        unit: ValueUnit::Share,
    };
    let document = flame_graph(&caption("a", "a"), &tree, style, Some(&link));
    check(&document);
    for written in [
        "<a href=\"?focus=1\" class=\"frame\"><title>a::b::c: 90\u{202f}%</title>",
        "<div>b::c</div>",
        // Too narrow for a keyboard to stop at.
        "<a href=\"?focus=4\" tabindex=\"-1\" class=\"frame\"><title>f: 0.60\u{202f}%</title>",
        "<title>2 functions: 0.80\u{202f}%</title>",
    ] {
        assert!(document.contains(written), "{written} in {document}");
    }
    style.view.is_difference = true;
    let document = flame_graph(&caption("a", "a"), &tree, style, Some(&link));
    for written in
        ["<title>a::b::c: +10.0\u{202f}points, from 80\u{202f}% to 90\u{202f}%</title>", "<div>+ b::c</div>"]
    {
        assert!(document.contains(written), "{written} in {document}");
    }
}

proptest! {
    #[test]
    fn every_chart_of_anything_is_well_formed(
        label in "\\PC{0,40}|[\\x00-\\x{ff}]{0,40}",
        values in prop::collection::vec(prop_oneof![0.0..1000.0_f64, prop::num::f64::ANY], 0..12),
    ) {
        for document in charts(&label, &values) {
            check(&document);
            prop_assert!(!document.contains("NaN") && !document.contains("inf%"), "{document}");
        }
    }
}
