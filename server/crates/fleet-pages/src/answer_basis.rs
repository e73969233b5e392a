//! Says what numbers are a part of, which time they are about, and how new they are.

use headcount_charts::{ChartCaption, ChartDay, number_format::grouped};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_shared::api::{FleetScope, FleetSharesAnswer};

use crate::{
    page_filter::PageFilter,
    shown_names::{UNKNOWN_VERSION, shown_name},
};

/// What every chart of an answer says beside its title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AnswerBasis {
    pub(crate) denominator: String,
    pub(crate) period: String,
    pub(crate) freshness: String,
}

impl AnswerBasis {
    /// That of an answer whose whole is `denominator`. Says also by which parts of the filter of the page the
    /// answer is not filtered, because its numbers are not known by them.
    pub(crate) fn new(filter: &PageFilter, scope: &FleetScope, denominator: String) -> Self {
        let part = |of_scope: Option<String>, of_page: &Option<String>, name: &str| {
            of_scope.or_else(|| of_page.as_ref().map(|_| format!("not filtered by {name}")))
        };
        let (version, database, size) = (&scope.version, &scope.database, &scope.size);
        let filters = [
            part(version.as_ref().map(|version| version_text(version)), &filter.version, "version"),
            part(database.as_ref().map(|database| format!("on {database}")), &filter.database, "database"),
            part(size.as_ref().map(|size| format!("with {size} nodes")), &filter.size, "nodes"),
        ];
        let parts = [denominator].into_iter().chain(filters.into_iter().flatten());
        Self {
            denominator: parts.collect::<Vec<_>>().join(", "),
            period: period_text(&scope.from, &scope.to),
            freshness: freshness_text(scope),
        }
    }

    /// That of a comparison of two versions, which `denominator` names: it is of them whatever version the page
    /// is filtered by.
    pub(crate) fn of_comparison(filter: &PageFilter, scope: &FleetScope, denominator: String) -> Self {
        Self::new(filter, &FleetScope { version: None, ..scope.clone() }, denominator)
    }

    /// That of shares: of the installations of a day.
    pub(crate) fn of_shares(filter: &PageFilter, answer: &FleetSharesAnswer) -> Self {
        Self::new(filter, &answer.scope, format!("of {} a day", installations(mean_installations(answer))))
    }

    /// All of it as one text.
    pub(crate) fn text(&self) -> String {
        let said = [&self.denominator, &self.period, &self.freshness].into_iter();
        said.filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ")
    }

    /// The caption of a chart.
    pub(crate) fn caption<'a>(
        &'a self,
        id: &'a str,
        title: &'a str,
        description: &'a str,
    ) -> ChartCaption<'a> {
        let Self { denominator, period, freshness } = self;
        ChartCaption { id, title, description, denominator, period, freshness }
    }
}

/// `version 1.0`, in a list of what was chosen.
pub(crate) fn version_text(version: &str) -> String {
    if version.is_empty() { UNKNOWN_VERSION.to_owned() } else { format!("version {}", shown_name(version)) }
}

/// How many installations reported on a day, on average over the days with reports of some.
#[must_use]
pub fn mean_installations(answer: &FleetSharesAnswer) -> u64 {
    let with_some =
        answer.days.iter().map(|day| day.installations).filter(|installations| *installations > 0);
    let (sum, days) = (with_some.clone().sum::<u64>(), (with_some.count() as u64).max(1));
    (sum + days / 2) / days
}

/// A number of installations.
pub(crate) fn installations(number: u64) -> String {
    if number == 1 { "1 installation".to_owned() } else { format!("{} installations", grouped(number)) }
}

/// A day for charts.
pub(crate) fn chart_day(day: CalendarDay) -> ChartDay {
    ChartDay::from_days_since_epoch(day.days_since_epoch())
}

/// A day such as `2026-11-28` as it is read: `28 Nov 2026`.
pub(crate) fn day_text(day: &str) -> String {
    day.parse().map_or_else(|_| day.to_owned(), |day| chart_day(day).to_string())
}

fn period_text(from: &str, to: &str) -> String {
    if from == to { day_text(from) } else { format!("{} to {}", day_text(from), day_text(to)) }
}

fn freshness_text(scope: &FleetScope) -> String {
    let Some(at) = scope.computed_at else { return String::new() };
    let (hour, minute) = (at / 3600 % 24, at / 60 % 60);
    let day = chart_day(CalendarDay::from_unix_seconds(at));
    let lag = match scope.rollup_lag.div_ceil(60) {
        0 => String::new(),
        minutes => format!(", without the reports of the last {minutes} min"),
    };
    format!("computed on {day} at {hour:02}:{minute:02} UTC{lag}")
}

#[cfg(test)]
pub(crate) mod tests {
    use headcount_shared::api::FleetDenominator;

    use super::*;
    use crate::page_filter::tests::{ten_days, unfiltered};

    /// Ten days of a product, computed at 1,800,000,000.
    pub(crate) fn scope() -> FleetScope {
        FleetScope {
            product: "coroot".to_owned(),
            from: "2026-11-01".to_owned(),
            to: "2026-11-10".to_owned(),
            version: None,
            database: None,
            size: None,
            computed_at: Some(1_800_000_000),
            rollup_lag: 0,
        }
    }

    /// Shares of a table of these days.
    pub(crate) fn shares(days: &[(&str, u64)]) -> FleetSharesAnswer {
        let day = |(day, installations): &(&str, u64)| FleetDenominator {
            day: (*day).to_owned(),
            installations: *installations,
        };
        FleetSharesAnswer {
            scope: scope(),
            table: "flags".to_owned(),
            days: days.iter().map(day).collect(),
            labels: Vec::new(),
            other_labels: 0,
        }
    }

    fn with_spaces(text: &str) -> String {
        text.replace('\u{a0}', " ")
    }

    #[test]
    fn a_basis_says_of_how_many_when_and_how_new() {
        let basis =
            AnswerBasis::of_shares(&unfiltered(), &shares(&[("2026-11-01", 1000), ("2026-11-02", 1469)]));
        assert_eq!(basis.denominator, "of 1\u{202f}235 installations a day");
        assert_eq!(with_spaces(&basis.period), "1 Nov 2026 to 10 Nov 2026");
        assert_eq!(with_spaces(&basis.freshness), "computed on 15 Jan 2027 at 08:00 UTC");
    }

    #[test]
    fn a_basis_names_filters_and_the_lag() {
        let scope = FleetScope {
            version: Some("1.2".to_owned()),
            size: Some("4-10".to_owned()),
            to: "2026-11-01".to_owned(),
            rollup_lag: 600,
            ..scope()
        };
        let basis = AnswerBasis::new(&unfiltered(), &scope, "of all".to_owned());
        assert_eq!(basis.denominator, "of all, version 1.2, with 4-10 nodes");
        assert_eq!(with_spaces(&basis.period), "1 Nov 2026");
        assert!(basis.freshness.ends_with(", without the reports of the last 10 min"), "{}", basis.freshness);
        let unknown =
            AnswerBasis::new(&unfiltered(), &FleetScope { computed_at: None, ..scope }, String::new());
        assert_eq!(unknown.freshness, "");
    }

    #[test]
    fn a_basis_says_which_filters_its_numbers_are_not_known_by() {
        let scope = FleetScope { version: Some(String::new()), ..scope() };
        let basis = AnswerBasis::new(&ten_days(), &scope, "of all".to_owned());
        assert_eq!(basis.denominator, "of all, unknown version, not filtered by database");
    }

    #[test]
    fn a_comparison_of_versions_is_not_filtered_by_version() {
        let scope = FleetScope { version: Some("1.1".to_owned()), ..scope() };
        let said = |filter: &PageFilter| {
            AnswerBasis::of_comparison(filter, &scope, "1.0 and 1.1".to_owned()).denominator
        };
        assert_eq!(said(&ten_days()), "1.0 and 1.1, not filtered by version, not filtered by database");
        assert_eq!(said(&unfiltered()), "1.0 and 1.1");
    }
}
