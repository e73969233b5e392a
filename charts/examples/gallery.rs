//! Prints a page with every chart, to look at: `cargo run -p headcount-charts --example gallery >
//! gallery.html`.
//!
//! With the argument `time` it prints how long the flame graph of 6,000 stacks takes instead.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{collections::BTreeMap, fmt::Write};

use headcount_charts::{
    BarChart, ChartBar, ChartCaption, ChartDay, CountedBucket, HistogramChart, LineSeries, MarkKind,
    MissingSpan, PercentileMark, STYLE, ShareSeries, TimeContext, TimeMark, ValueUnit, area_chart, bar_chart,
    flame_graph::{FlameDirection, FlameNode, FlameStyle, FlameTree, FlameView, flame_graph},
    histogram_chart, line_chart,
    treemap::{TreemapPart, treemap},
};

/// 2026-09-01.
const FIRST_DAY: u32 = 20_697;
const DAYS: u32 = 90;

/// Numbers that look like chance and are the same each time.
struct RepeatableChance(u64);

impl RepeatableChance {
    /// A number from 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, limit: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is below the limit")]
        let number = (self.next() * limit as f64) as u64;
        number
    }
}

fn main() {
    if std::env::args().nth(1).is_some_and(|argument| argument == "time") {
        time_flame_graph();
        return;
    }
    let charts = [
        bars(),
        many_bars(),
        lines(),
        many_points(),
        areas(),
        histogram(),
        latencies(),
        treemap_of_memory(),
        flames(),
        focused_flames(),
        difference(),
        hostile(),
        nothing(),
    ];
    let cards: String = charts.iter().fold(String::new(), |mut page, chart| {
        writeln!(page, "<section class=\"card\">{chart}</section>").ok();
        page
    });
    println!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Charts</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <style>{}{STYLE}</style></head>\n\
         <body><main><h1>Charts</h1>\n{cards}</main></body></html>",
        headcount_visual_style::STYLE
    );
}

const PERIOD: &str = "1 September to 29 November 2026";
const FRESHNESS: &str = "computed on 30 November at 02:10 UTC";

fn caption<'a>(id: &'a str, title: &'a str, description: &'a str) -> ChartCaption<'a> {
    let denominator = "of 12\u{202f}480 installations that reported";
    ChartCaption { id, title, description, denominator, period: PERIOD, freshness: FRESHNESS }
}

const VERSIONS: [(&str, f64); 14] = [
    ("1.12.0", 4211.0),
    ("1.11.3", 3120.0),
    ("1.11.2", 1980.0),
    ("1.10.4", 1204.0),
    ("1.10.3", 611.0),
    ("1.9.7", 402.0),
    ("1.11.0-rc.1+build.20261004.with-a-long-name-of-a-branch", 233.0),
    ("1.9.6", 180.0),
    ("1.8.2", 141.0),
    ("1.8.0", 118.0),
    ("1.7.5", 99.0),
    ("1.6.1", 88.0),
    ("1.5.0", 52.0),
    ("other (12 names)", 41.0),
];

fn bars() -> String {
    let total: f64 = VERSIONS.iter().map(|(_, value)| value).sum();
    let bars: Vec<ChartBar<'_>> = VERSIONS
        .iter()
        .map(|(label, value)| ChartBar { label, value: *value, share: Some(value / total) })
        .collect();
    let chart = BarChart {
        label_title: "Version",
        value_title: "Installations",
        unit: ValueUnit::Count,
        shown: 8,
        bars: &bars,
    };
    bar_chart(
        &caption(
            "versions",
            "Versions in use",
            "Two of three installations run one of the last three versions.",
        ),
        &chart,
    )
}

fn many_bars() -> String {
    let mut chance = RepeatableChance(11);
    let names: Vec<String> = (1..=40).map(|number| format!("instance type m{number}.large")).collect();
    let mut bars: Vec<ChartBar<'_>> = names
        .iter()
        .map(|name| ChartBar { label: name, value: 2e6 * (chance.next() * 6.0).exp(), share: None })
        .collect();
    bars.sort_by(|one, other| other.value.total_cmp(&one.value));
    let chart = BarChart {
        label_title: "Instance type",
        value_title: "Mean memory",
        unit: ValueUnit::Bytes,
        shown: 6,
        bars: &bars,
    };
    bar_chart(&caption("types", "Memory by instance type", ""), &chart)
}

fn day(offset: u32) -> ChartDay {
    ChartDay::from_days_since_epoch(FIRST_DAY + offset)
}

fn marks() -> [TimeMark<'static>; 5] {
    [
        TimeMark { day: day(9), kind: MarkKind::Release, label: "1.10.4" },
        TimeMark { day: day(33), kind: MarkKind::Release, label: "1.11.0" },
        TimeMark { day: day(36), kind: MarkKind::Note, label: "a campaign began that brought many visitors" },
        TimeMark { day: day(58), kind: MarkKind::SchemaChange, label: "reports have sizes" },
        TimeMark { day: day(80), kind: MarkKind::Release, label: "1.12.0" },
    ]
}

fn context<'a>(marks: &'a [TimeMark<'a>], missing: &'a [MissingSpan<'a>]) -> TimeContext<'a> {
    TimeContext { first_day: day(0), marks, missing }
}

fn lines() -> String {
    let mut chance = RepeatableChance(5);
    let mut series = |start: f64, growth: f64, noise: f64| -> Vec<Option<f64>> {
        let value = |offset: u32, chance: &mut RepeatableChance| {
            let weekend = if offset % 7 >= 5 { 0.94 } else { 1.0 };
            (start + growth * f64::from(offset)) * weekend + noise * chance.next()
        };
        (0..DAYS).map(|offset| (!(44..48).contains(&offset)).then(|| value(offset, &mut chance))).collect()
    };
    let (all, kubernetes, docker, bare) = (
        series(9800.0, 28.0, 200.0),
        series(4300.0, 24.0, 120.0),
        series(4100.0, 3.0, 120.0),
        series(1400.0, 1.0, 60.0),
    );
    let missing = [MissingSpan { first: day(44), last: day(47), reason: "the collector was being moved" }];
    let series = [
        LineSeries { name: "all", values: &all },
        LineSeries { name: "Kubernetes", values: &kubernetes },
        LineSeries { name: "Docker", values: &docker },
        LineSeries { name: "without container", values: &bare },
    ];
    let caption = caption(
        "activity",
        "Installations that report",
        "An installation counts on each day that it sent a report for.",
    );
    line_chart(&caption, "installations a day", ValueUnit::Count, context(&marks(), &missing), &series)
}

fn many_points() -> String {
    let mut chance = RepeatableChance(77);
    let mut level = 0.05;
    let values: Vec<Option<f64>> = (0..4000)
        .map(|place| {
            level = (level + (chance.next() - 0.5) * 0.004_f64).clamp(0.01, 0.2);
            let spike = if chance.below(400) == 0 { 0.15 } else { 0.0 };
            (!(1500..1650).contains(&place)).then_some(level + spike)
        })
        .collect();
    let context =
        TimeContext { first_day: ChartDay::from_days_since_epoch(16_800), marks: &[], missing: &[] };
    let caption = ChartCaption {
        period: "31 December 2015 to 12 December 2026",
        ..caption("cpu", "Processor time of a server", "The median of all installations, day by day.")
    };
    line_chart(
        &caption,
        "processor time",
        ValueUnit::Cores,
        context,
        &[LineSeries { name: "median", values: &values }],
    )
}

fn areas() -> String {
    let names = ["1.12", "1.11", "1.10", "1.9", "1.8", "1.7", "1.6", "1.5", "1.4", "1.3"];
    let begins = [80.0, 33.0, -30.0, -90.0, -150.0, -210.0, -270.0, -330.0, -390.0, -450.0];
    let values: Vec<Vec<Option<f64>>> = begins
        .iter()
        .enumerate()
        .map(|(place, begin)| {
            let end = if place == 0 { 1e9 } else { begins[place - 1] };
            let value = |offset: u32| {
                let day = f64::from(offset);
                let taken = |since: f64| if day < since { 0.0 } else { 1.0 - (-(day - since) / 22.0).exp() };
                (taken(*begin) - taken(end)).max(0.0) + if day > *begin { 0.012 } else { 0.0 }
            };
            (0..DAYS).map(|offset| (!(44..48).contains(&offset)).then(|| value(offset))).collect()
        })
        .collect();
    let series: Vec<ShareSeries<'_>> =
        names.iter().zip(&values).map(|(name, values)| ShareSeries { name, values }).collect();
    let missing = [MissingSpan { first: day(44), last: day(47), reason: "the collector was being moved" }];
    area_chart(
        &caption(
            "shares",
            "Shares of versions",
            "Most installations are up to date three weeks after a release.",
        ),
        context(&marks(), &missing),
        &series,
    )
}

/// Buckets whose edges grow by a factor, with the counts of a bell.
fn bell(from: f64, factor: f64, buckets: i32, middle: f64, width: f64) -> Vec<CountedBucket> {
    let mut chance = RepeatableChance(3);
    (0..buckets)
        .map(|place| {
            let distance = (f64::from(place) - middle) / width;
            let height = 900.0 * (-distance * distance).exp() * (0.9 + 0.2 * chance.next());
            CountedBucket {
                from: from * factor.powi(place),
                to: from * factor.powi(place + 1),
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "below a thousand"
                )]
                count: height as u64,
            }
        })
        .collect()
}

fn histogram() -> String {
    let mut buckets = bell(0.5, 1.6, 24, 9.0, 6.0);
    buckets.insert(0, CountedBucket { from: 0.0, to: 0.5, count: 260 });
    let chart = HistogramChart {
        value_title: "browsers of an installation a week",
        counted: "installations",
        counted_one: "installation",
        unit: ValueUnit::Count,
        zeros: 3,
        buckets: &buckets,
        percentiles: &[
            PercentileMark { name: "half: up to", value: 34.0 },
            PercentileMark { name: "90 %: up to", value: 720.0 },
            PercentileMark { name: "99 %: up to", value: 9_300.0 },
        ],
    };
    histogram_chart(&caption("sizes", "How large installations are", ""), &chart)
}

fn latencies() -> String {
    let chart = HistogramChart {
        value_title: "time until the first page is drawn",
        counted: "page loads",
        counted_one: "page load",
        unit: ValueUnit::Seconds,
        zeros: 3,
        buckets: &bell(0.008, 1.1, 70, 30.0, 16.0),
        percentiles: &[
            PercentileMark { name: "p50", value: 0.14 },
            PercentileMark { name: "p90", value: 0.51 },
            PercentileMark { name: "p99", value: 1.4 },
        ],
    };
    histogram_chart(
        &caption(
            "loads",
            "How long pages take",
            "Half of the page loads take less than a seventh of a second.",
        ),
        &chart,
    )
}

fn treemap_of_memory() -> String {
    let names = [
        "tokio::runtime",
        "hyper::proto",
        "alloc::vec",
        "topology::world",
        "serde_json::value",
        "prometheus::cache",
        "sqlx_core::row",
        "h2::frame",
        "rustls::session",
        "std::collections::hash",
        "regex_automata::dfa",
        "page_views",
    ];
    let mut chance = RepeatableChance(9);
    let owned: Vec<String> = (0..90)
        .map(|place| names.get(place).map_or_else(|| format!("module_{place}"), |name| (*name).to_owned()))
        .collect();
    let parts: Vec<TreemapPart<'_>> = owned
        .iter()
        .enumerate()
        .map(|(place, label)| TreemapPart {
            label,
            value: 6e7 / (place as f64 + 1.0) * (0.6 + 0.8 * chance.next()),
            group: usize::from(place % 3 == 1),
        })
        .collect();
    treemap(
        &caption("memory", "Memory by module", "The mean of what is allocated, over all installations."),
        "Module",
        ValueUnit::Bytes,
        &parts,
    )
}

const FUNCTIONS: [&str; 24] = [
    "tokio::runtime::scheduler::multi_thread::worker::run",
    "<hyper::proto::h1::conn::Conn<I,B,T> as core::future::Future>::poll",
    "headcount::browsers::counts::add_page_view",
    "headcount_topology::constructor::build_world",
    "headcount_topology::constructor::link_applications",
    "headcount_prometheus::cache::read_series",
    "serde_json::de::Deserializer<R>::parse_value",
    "alloc::vec::Vec<T,A>::push",
    "alloc::raw_vec::RawVecInner<A>::grow_amortized",
    "<std::collections::hash::map::HashMap<K,V,S> as core::iter::Extend<(K,V)>>::extend",
    "hashbrown::raw::RawTable<T,A>::reserve_rehash",
    "core::str::from_utf8",
    "memchr::arch::x86_64::avx2::memchr::find",
    "zstd_safe::DCtx::decompress",
    "headcount_health::auditor::audit_application",
    "headcount_health::change_detector::find_rollouts",
    "regex_automata::meta::strategy::search",
    "sqlx_core::sqlite::statement::step",
    "__memmove_avx_unaligned_erms",
    "malloc",
    "free",
    "epoll_wait",
    "rustls::conn::ConnectionCommon<T>::process_new_packets",
    "ring::aead::aes_gcm::open",
];

/// A node while stacks are added: its name, parent, children by function, and value now and before.
struct AddedNode {
    name: &'static str,
    parent: usize,
    children: BTreeMap<usize, usize>,
    values: [u64; 2],
}

impl AddedNode {
    fn new(name: &'static str, parent: usize) -> Self {
        Self { name, parent, children: BTreeMap::new(), values: [0; 2] }
    }
}

/// A tree of so many stacks, with what they were before.
fn profile(stacks: usize) -> FlameTree<'static> {
    let mut chance = RepeatableChance(2026);
    let mut nodes = vec![AddedNode::new("all", 0)];
    for _ in 0..stacks {
        let value = (chance.next() * 6.0).exp() as u64;
        let mut before = value * (40 + chance.below(120)) / 100;
        let mut at = 0;
        let mut path = vec![0];
        for level in 0..3 + chance.below(26) as usize {
            // Few functions are called from one, and the first of them most.
            let turn = chance.next().powi(5) * 6.0;
            let function = (turn as usize + 7 * level + 5 * at) % FUNCTIONS.len();
            let next = nodes.len();
            at = *nodes[at].children.entry(function).or_insert(next);
            if at == next {
                nodes.push(AddedNode::new(FUNCTIONS[function], path[level]));
            }
            path.push(at);
            if function == 2 {
                before /= 2;
            }
        }
        for node in path {
            nodes[node].values[0] += value;
            nodes[node].values[1] += before;
        }
    }
    let mut nodes = nodes.iter().zip(0..).map(|(node, key)| {
        let [value, value_before] = node.values;
        (node.parent, FlameNode { name: node.name, key, value, value_before })
    });
    let (_, root) = nodes.next().unwrap_or_else(|| unreachable!("the root was added first"));
    let mut tree = FlameTree::new(root);
    let mut ids = vec![tree.root()];
    for (parent, node) in nodes {
        ids.push(tree.add_child(ids[parent], node));
    }
    tree
}

fn style(direction: FlameDirection, is_difference: bool) -> FlameStyle {
    let view = FlameView { focus: None, min_width: 0.001, is_difference };
    FlameStyle { view, direction, unit: ValueUnit::Share }
}

fn link(key: u64) -> String {
    format!("?focus={key}#flames-chart")
}

fn flames() -> String {
    let tree = profile(6000);
    flame_graph(
        &caption(
            "flames",
            "Processor time",
            "Each installation counts by its own fractions. A click shows a function alone.",
        ),
        &tree,
        style(FlameDirection::RootAtTop, false),
        Some(&link),
    )
}

fn focused_flames() -> String {
    let tree = profile(300);
    let mut style = style(FlameDirection::RootAtBottom, false);
    style.view.focus = tree.ids().nth(2);
    flame_graph(&caption("focused", "Processor time of one function", ""), &tree, style, Some(&link))
}

fn difference() -> String {
    let tree = profile(400);
    flame_graph(
        &caption(
            "difference",
            "Processor time: 1.12 compared with 1.11",
            "Orange functions take a larger share than before, blue ones a smaller one.",
        ),
        &tree,
        style(FlameDirection::RootAtTop, true),
        Some(&link),
    )
}

fn hostile() -> String {
    let long = "a very long name that never ends ".repeat(300);
    let labels = [
        "<script>alert(1)</script>",
        "\"'><img src=x onerror=alert(1)>",
        &long,
        "\u{0}\u{8}\u{202e}reversed",
        "",
    ];
    let bars: Vec<ChartBar<'_>> = labels
        .iter()
        .zip([5.0, 4.0, 3.0, f64::NAN, -1.0])
        .map(|(label, value)| ChartBar { label, value, share: Some(value / 12.0) })
        .collect();
    let chart = BarChart {
        label_title: "Label",
        value_title: "Value",
        unit: ValueUnit::Count,
        shown: 9,
        bars: &bars,
    };
    bar_chart(&caption("hostile", "Labels that senders made up", ""), &chart)
}

fn nothing() -> String {
    line_chart(
        &caption("nothing", "A chart without numbers", ""),
        "",
        ValueUnit::Count,
        context(&[], &[]),
        &[],
    )
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is measured")]
fn time_flame_graph() {
    let tree = profile(6000);
    for min_width in [0.001, 0.0001, 0.0] {
        let mut style = style(FlameDirection::RootAtTop, false);
        style.view.min_width = min_width;
        let mut times = Vec::new();
        let mut length = 0;
        for _ in 0..21 {
            let begin = std::time::Instant::now();
            length = flame_graph(&caption("flames", "Processor time", ""), &tree, style, Some(&link)).len();
            times.push(begin.elapsed());
        }
        times.sort();
        println!(
            "6000 stacks, {} nodes, nothing narrower than {min_width}: median {:?}, {length} bytes",
            tree.ids().count(),
            times[times.len() / 2]
        );
    }
}
