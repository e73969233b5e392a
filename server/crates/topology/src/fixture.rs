//! Describes answers of Prometheus for tests, one series per line.
//!
//! `node_info machine_id=m1 hostname=n1` is a current series with the value 1. `=0` sets another value;
//! `=1,.,2` sets the last values over time, one of which is missing. `~600` means that the series was last
//! seen 600 seconds ago, `+600` that it was first seen then.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

mod dump;
pub mod random_series;

use std::collections::BTreeMap;

use headcount_prometheus::{
    query::{PrometheusQuery, QueryRetention},
    results::{QueryResults, ResultPoints, ResultTable},
};

pub use self::dump::{applications, digest, edges};
use super::{
    constructor::{WorldSettings, construct},
    facts::InfrastructureFacts,
    model::World,
    prices::CloudPrices,
    queries,
};

/// The time of all answers.
pub const NOW: u32 = 1_700_000_100;

/// The default distance between two points.
pub const STEP: u32 = 60;

/// The contents of Prometheus, and the operator's configuration.
#[derive(Debug, Clone, Default)]
pub struct PrometheusFixture {
    series: Vec<FixtureSeries>,
    categories: BTreeMap<String, Vec<String>>,
    custom: BTreeMap<String, Vec<String>>,
}

/// A series, with its labels by name.
#[derive(Debug, Clone, PartialEq)]
pub struct FixtureSeries {
    /// The query in whose answer it is.
    pub query: &'static PrometheusQuery,
    /// The values of its labels, by name.
    pub labels: BTreeMap<String, String>,
    /// Its newest value.
    pub value: f32,
    /// How long ago it was last seen.
    pub seconds_ago: u32,
    /// The last values over time, NaN where one is missing; empty for a series with a constant value.
    pub points: Vec<f32>,
    /// How long ago it was first seen.
    pub first_seconds_ago: u32,
}

/// A price of each kind.
const PRICES: &[u8] = br#"{"aws": {
    "compute": {"us-east-1": {"m5.large": {"on_demand": 3.6, "spot": 1}}},
    "managed_db": {"us-east-1": {"aurora-postgresql": {"db.r5.large": 
        {"single_az": {"on_demand": 1, "spot": 0}, "multi_az": {"on_demand": 2, "spot": 0}}}}},
    "managed_cache": {"us-east-1": {"redis": {"cache.t3.micro": {"on_demand": 1, "spot": 0}}}}
}}"#;

/// Parses a scene. Empty lines are ignored.
pub fn scene(lines: &str) -> PrometheusFixture {
    let series = lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(FixtureSeries::parse);
    PrometheusFixture::of(series.collect())
}

impl FixtureSeries {
    fn parse(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap();
        let query =
            queries::all().find(|query| query.name == name).unwrap_or_else(|| panic!("no query {name}"));
        let mut series = Self {
            query,
            labels: BTreeMap::new(),
            value: 1.0,
            seconds_ago: 0,
            first_seconds_ago: 3600,
            points: Vec::new(),
        };
        for word in words {
            if let Some(seconds) = word.strip_prefix('~') {
                series.seconds_ago = seconds.parse().unwrap();
                continue;
            }
            if let Some(seconds) = word.strip_prefix('+') {
                series.first_seconds_ago = seconds.parse().unwrap();
                continue;
            }
            match word.split_once('=').unwrap() {
                ("", values) => series.set(values),
                (label, text) => {
                    let kept = query.labels.iter().any(|kept| kept.name() == label);
                    assert!(kept, "{name} does not keep {label}");
                    series.labels.insert(label.to_owned(), text.to_owned());
                }
            }
        }
        series
    }

    fn set(&mut self, values: &str) {
        let value = |text: &str| if text == "." { f32::NAN } else { text.parse().unwrap() };
        let mut values: Vec<f32> = values.split(',').map(value).collect();
        while values.last().is_some_and(|value| value.is_nan()) {
            values.pop();
            self.seconds_ago += STEP;
        }
        self.value = values.last().copied().unwrap();
        self.points = if values.len() > 1 { values } else { Vec::new() };
    }

    /// The value `points` points before the series was last seen; NaN if it is missing.
    fn before(&self, points: usize) -> f32 {
        if self.points.is_empty() {
            return self.value;
        }
        self.points.iter().rev().nth(points).copied().unwrap_or(f32::NAN)
    }
}

/// Adds an answer to a query with values over time: the labels of each row, and its values from `from` on.
pub fn over_time(
    answers: &mut QueryResults,
    query: &'static PrometheusQuery,
    (from, step): (u32, u32),
    rows: &[(&[&str], &[f32])],
) {
    let width = query.labels.len();
    let moments = rows.first().map_or(0, |(_, values)| values.len());
    let to = from + step * (moments.max(1) as u32 - 1);
    let mut table = ResultTable { to, width, ..ResultTable::default() };
    for (texts, values) in rows {
        assert_eq!((texts.len(), values.len()), (width, moments), "{}", query.name);
        table.labels.extend(texts.iter().map(|text| answers.symbols_mut().intern(text)));
        let seen = |place: usize| from + step * place as u32;
        table.first_seen.push(seen(values.iter().position(|value| !value.is_nan()).unwrap()));
        let last = values.iter().rposition(|value| !value.is_nan()).unwrap();
        table.last_seen.push(seen(last));
        table.values.push(values[last]);
    }
    let values = (0..moments).flat_map(|moment| rows.iter().map(move |(_, values)| values[moment]));
    table.points = ResultPoints { from, step, values: values.collect() };
    answers.insert(query, table);
}

impl PrometheusFixture {
    /// A scene of these series.
    pub fn of(series: Vec<FixtureSeries>) -> Self {
        Self { series, ..Self::default() }
    }

    /// Adds the series of these lines.
    pub fn and(mut self, lines: &str) -> Self {
        self.series.extend(scene(lines).series);
        self
    }

    /// Adds a custom category.
    pub fn category(mut self, name: &str, pattern: &str) -> Self {
        self.categories.entry(name.to_owned()).or_default().push(pattern.to_owned());
        self
    }

    /// Adds a custom application.
    pub fn custom_application(mut self, name: &str, pattern: &str) -> Self {
        self.custom.entry(name.to_owned()).or_default().push(pattern.to_owned());
        self
    }

    /// The answers, with texts numbered in order or in reverse order.
    fn answers(&self, reversed: bool) -> QueryResults {
        let mut answers = QueryResults::default();
        let symbols = answers.symbols_mut();
        if reversed {
            for text in self.series.iter().rev().flat_map(|series| series.labels.values().rev()) {
                symbols.intern(text);
            }
        }
        let mut tables: BTreeMap<&str, (&'static PrometheusQuery, ResultTable)> = BTreeMap::new();
        for series in &self.series {
            let query = series.query;
            if matches!(query.kind, QueryRetention::Now) && series.seconds_ago > 0 {
                continue;
            }
            let empty =
                || (query, ResultTable { to: NOW, width: query.labels.len(), ..ResultTable::default() });
            let (_, table) = tables.entry(query.name).or_insert_with(empty);
            for label in query.labels {
                table.labels.push(symbols.intern(series.labels.get(label.name()).map_or("", String::as_str)));
            }
            table.first_seen.push(NOW - series.first_seconds_ago);
            table.last_seen.push(NOW - series.seconds_ago);
            table.values.push(series.value);
        }
        for (query, mut table) in tables.into_values() {
            table.points = self.points(query);
            let sum = |row: usize| table.points_of(row).map(|(_, value)| f64::from(value)).sum();
            table.sums = (0..table.len()).map(sum).collect();
            answers.insert(query, table);
        }
        answers
    }

    /// The points of a query that keeps them.
    fn points(&self, query: &'static PrometheusQuery) -> ResultPoints {
        let QueryRetention::Range { keep, every } = query.kind else { return ResultPoints::default() };
        let step = every.map_or(STEP, |every| every.as_secs() as u32);
        let from = NOW - keep.as_secs() as u32;
        let rows: Vec<&FixtureSeries> =
            self.series.iter().filter(|series| series.query.name == query.name).collect();
        let value = |series: &FixtureSeries, at: u32| {
            let last_seen = NOW - series.seconds_ago;
            last_seen.checked_sub(at).map_or(f32::NAN, |ago| series.before((ago / step) as usize))
        };
        let moments = (from..=NOW).step_by(step as usize);
        let values = moments.flat_map(|at| rows.iter().map(move |series| value(series, at))).collect();
        ResultPoints { from, step, values }
    }

    /// Builds the world and calls `look` with it.
    pub fn look<T>(&self, look: impl FnOnce(&World<'_>) -> T) -> T {
        self.look_numbered(false, look)
    }

    /// The same, with texts numbered in reverse order if `reversed`.
    pub fn look_numbered<T>(&self, reversed: bool, look: impl FnOnce(&World<'_>) -> T) -> T {
        let answers = self.answers(reversed);
        let configured =
            WorldSettings { application_categories: &self.categories, custom_applications: &self.custom };
        let prices = CloudPrices::read(PRICES).unwrap();
        look(&construct(&answers, configured, &prices, |_| {}))
    }

    /// The numbers for reports.
    pub fn facts(&self) -> InfrastructureFacts {
        self.look(InfrastructureFacts::of)
    }

    /// Checks the applications with their instances, one line each, in order.
    #[track_caller]
    pub fn check_applications(&self, expected: &[&str]) {
        self.check(applications, expected);
    }

    /// Checks the connections, one line each, in order.
    #[track_caller]
    pub fn check_edges(&self, expected: &[&str]) {
        self.check(edges, expected);
    }

    /// Checks the lines of `look`, with the series in order and in reverse order.
    #[track_caller]
    pub fn check(&self, look: impl Fn(&World<'_>) -> Vec<String>, expected: &[&str]) {
        assert_eq!(self.look(&look), expected);
        let mut backwards = self.clone();
        backwards.series.reverse();
        assert_eq!(backwards.look_numbered(true, &look), expected, "backwards");
    }
}
