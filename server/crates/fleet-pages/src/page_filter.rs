//! Keeps what a page is about in the addresses of its links.

use headcount_fleet::{answers::answer_period::AnswerPeriod, calendar_day::CalendarDay};
use serde::Serialize;

use crate::{day_events::DayEvent, page_list::FleetPage, shown_names::version_value};

/// What a page is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFilter {
    /// The product.
    pub product: String,
    /// The first day.
    pub first: CalendarDay,
    /// The last day.
    pub last: CalendarDay,
    /// Only this version.
    pub version: Option<String>,
    /// Only this kind of database.
    pub database: Option<String>,
    /// Only this size class.
    pub size: Option<String>,
    /// The day that is not over, if it is one of the days: its numbers are those of a part of a day.
    pub running_day: Option<CalendarDay>,
    /// What happened on the days, for charts over time.
    pub events: Vec<DayEvent>,
}

/// The parameters of an address.
#[derive(Serialize)]
struct PageParameterTexts<'a> {
    product: &'a str,
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'a str>,
}

impl PageFilter {
    /// The filter of a request.
    #[must_use]
    pub fn of_period(period: &AnswerPeriod) -> Self {
        Self {
            product: period.product.clone(),
            first: period.first,
            last: period.last,
            version: period.version.clone(),
            database: period.database.map(|database| database.label().to_owned()),
            size: period.size.map(|size| size.label().to_owned()),
            running_day: None,
            events: Vec::new(),
        }
    }

    /// The same with what happened on the days.
    #[must_use]
    pub fn with_events(self, events: Vec<DayEvent>) -> Self {
        Self { events, ..self }
    }

    /// The same on a day that is not over.
    #[must_use]
    pub fn on(self, today: CalendarDay) -> Self {
        let is_shown = (self.first..=self.last).contains(&today);
        Self { running_day: is_shown.then_some(today), ..self }
    }

    /// The same with other days.
    pub(crate) fn with_days(&self, first: CalendarDay, last: CalendarDay) -> Self {
        Self { first, last, running_day: None, ..self.clone() }
    }

    /// The same of all versions, databases and sizes.
    pub(crate) fn without_filters(&self) -> Self {
        Self { version: None, database: None, size: None, ..self.clone() }
    }

    /// The period with the parts of the filter that a page has.
    #[must_use]
    pub fn period_of(page: FleetPage, period: AnswerPeriod) -> AnswerPeriod {
        AnswerPeriod {
            version: period.version.filter(|_| page.is_by_version()),
            database: period.database.filter(|_| page.is_by_size()),
            size: period.size.filter(|_| page.is_by_size()),
            ..period
        }
    }

    /// The address of a page about the same. A page keeps what it cannot filter by for the next one.
    #[must_use]
    pub fn address(&self, page: FleetPage) -> String {
        format!("{}?{}", page.path(), self.query())
    }

    /// The query of [`PageFilter::address`].
    pub(crate) fn query(&self) -> String {
        let parameters = PageParameterTexts {
            product: &self.product,
            from: self.first.to_string(),
            to: self.last.to_string(),
            version: self.version.as_deref().map(version_value),
            database: self.database.as_deref(),
            size: self.size.as_deref(),
        };
        // Texts and options of texts can always be written.
        serde_urlencoded::to_string(parameters).unwrap_or_default()
    }

    /// The part of [`PageFilter::query`] with the product and the days.
    pub(crate) fn period_query(&self) -> String {
        let filter = Self { version: None, database: None, size: None, ..self.clone() };
        filter.query()
    }

    /// The part of [`PageFilter::query`] with the product.
    pub(crate) fn product_query(&self) -> String {
        serde_urlencoded::to_string([("product", &self.product)]).unwrap_or_default()
    }

    /// The number of days.
    pub(crate) fn days(&self) -> usize {
        self.last.days_since(self.first) as usize + 1
    }

    /// The place of a day such as `2026-11-28` among the days.
    pub(crate) fn place_of(&self, day: &str) -> Option<usize> {
        let day: CalendarDay = day.parse().ok()?;
        (self.first <= day && day <= self.last).then(|| day.days_since(self.first) as usize)
    }

    /// Values by day, `None` for days without one.
    pub(crate) fn by_day<'a>(&self, values: impl Iterator<Item = (&'a str, f64)>) -> Vec<Option<f64>> {
        let mut by_day = vec![None; self.days()];
        for (day, value) in values {
            if let Some(slot) = self.place_of(day).and_then(|place| by_day.get_mut(place)) {
                *slot = Some(value);
            }
        }
        by_day
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Ten days of a product.
    pub(crate) fn ten_days() -> PageFilter {
        PageFilter {
            product: "my shop".to_owned(),
            first: "2026-11-01".parse().unwrap(),
            last: "2026-11-10".parse().unwrap(),
            version: Some("1.0+<b>&".to_owned()),
            database: Some("sqlite".to_owned()),
            size: None,
            running_day: None,
            events: Vec::new(),
        }
    }

    /// The same days of all installations.
    pub(crate) fn unfiltered() -> PageFilter {
        ten_days().without_filters()
    }

    #[test]
    fn reports_without_a_version_can_be_chosen() {
        let filter = PageFilter { version: Some(String::new()), ..unfiltered() };
        assert!(filter.query().ends_with("&version=%28unknown%29"), "{}", filter.query());
    }

    #[test]
    fn a_day_that_is_not_over_is_known_if_it_is_shown() {
        for (today, is_shown) in [("2026-10-31", false), ("2026-11-10", true), ("2026-11-11", false)] {
            let today = today.parse().unwrap();
            assert_eq!(unfiltered().on(today).running_day, is_shown.then_some(today));
        }
    }

    #[test]
    fn an_address_keeps_the_whole_filter() {
        let query = "product=my+shop&from=2026-11-01&to=2026-11-10&version=1.0%2B%3Cb%3E%26&database=sqlite";
        for page in FleetPage::ALL {
            assert_eq!(ten_days().address(page), format!("{}?{query}", page.path()));
        }
    }

    #[test]
    fn values_are_on_their_days() {
        let values = [("2026-11-02", 3.0), ("2026-11-10", 4.0), ("2026-11-11", 5.0), ("never", 6.0)];
        let mut expected = vec![None; 10];
        (expected[1], expected[9]) = (Some(3.0), Some(4.0));
        assert_eq!(ten_days().by_day(values.into_iter()), expected);
    }
}
