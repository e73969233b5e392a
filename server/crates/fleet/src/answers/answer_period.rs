//! What an answer is about: a product, a range of days, and a filter.

use headcount_shared::api::FleetScope;
use thiserror::Error;

use crate::{
    calendar_day::CalendarDay,
    cells::{cell_block::CellFilter, cell_table::CellTable},
    size_class::SizeClass,
    typed_report::DatabaseKind,
};

/// The most days of an answer: two years.
const MOST_DAYS: u32 = 731;

/// The days of an answer that asks for none in particular.
const USUAL_DAYS: u32 = 30;

/// The days, the product and the filter of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerPeriod {
    /// The product.
    pub product: String,
    /// The first day.
    pub first: CalendarDay,
    /// The last day.
    pub last: CalendarDay,
    /// Only this version.
    pub version: Option<String>,
    /// Only this kind of database.
    pub database: Option<DatabaseKind>,
    /// Only this size class.
    pub size: Option<SizeClass>,
    /// For how many seconds reports may have been stored that are in no number yet.
    pub rollup_lag: u64,
}

/// The parameters of a request, as texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeriodParameters {
    /// The product; `coroot` without.
    pub product: Option<String>,
    /// The first day; 30 days with the last one, without.
    pub from: Option<String>,
    /// The last day; today without.
    pub to: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// The kind of database.
    pub database: Option<String>,
    /// The size class.
    pub size: Option<String>,
}

/// Why parameters name no period.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidPeriod {
    /// A day cannot be read.
    #[error("{name} must be a day such as 2026-11-28, not \"{value}\"")]
    Day {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// The last day is before the first one, or too far after it.
    #[error("from must be at most {MOST_DAYS} days before to, and not after it")]
    Range,
    /// There is no such kind of database.
    #[error("database must be sqlite, postgres or unknown, not \"{0}\"")]
    Database(String),
    /// There is no such size class.
    #[error("size must be one of 0, 1-3, 4-10, 11-30, 31-100, 101-300 and 301+, not \"{0}\"")]
    Size(String),
    /// The table has no such dimension.
    #[error("the numbers of {0} are not known by {1}")]
    NoDimension(&'static str, &'static str),
}

impl AnswerPeriod {
    /// Reads parameters.
    ///
    /// # Errors
    /// Every [`InvalidPeriod`] but [`InvalidPeriod::NoDimension`].
    pub fn from_parameters(
        parameters: PeriodParameters,
        default_product: &str,
        today: CalendarDay,
    ) -> Result<Self, InvalidPeriod> {
        let PeriodParameters { product, from, to, version, database, size } = parameters;
        let last = day_of("to", to)?.unwrap_or(today);
        let first = day_of("from", from)?.unwrap_or_else(|| last.minus_days(USUAL_DAYS - 1));
        if first > last || last.days_since(first) >= MOST_DAYS {
            return Err(InvalidPeriod::Range);
        }
        let database =
            database.map(|label| DatabaseKind::from_label(&label).ok_or(InvalidPeriod::Database(label)));
        let size = size.map(|label| SizeClass::from_label(&label).ok_or(InvalidPeriod::Size(label)));
        Ok(Self {
            product: product.unwrap_or_else(|| default_product.to_owned()),
            first,
            last,
            version,
            database: database.transpose()?,
            size: size.transpose()?,
            rollup_lag: 0,
        })
    }

    /// Checks that a table has the dimensions of the filter.
    ///
    /// # Errors
    /// [`InvalidPeriod::NoDimension`].
    pub const fn check_table(&self, table: CellTable) -> Result<(), InvalidPeriod> {
        if self.database.is_some() && !table.has_database_and_size() {
            return Err(InvalidPeriod::NoDimension(table.name(), "database"));
        }
        if self.size.is_some() && !table.has_size() {
            return Err(InvalidPeriod::NoDimension(table.name(), "size"));
        }
        Ok(())
    }

    /// The filter on cells.
    #[must_use]
    pub fn filter(&self) -> CellFilter<'_> {
        CellFilter { version: self.version.as_deref(), database: self.database, size: self.size }
    }

    /// The scope of an answer whose newest number was computed at this time.
    #[must_use]
    pub fn scope(&self, computed_at: Option<u64>) -> FleetScope {
        FleetScope {
            product: self.product.clone(),
            from: self.first.to_string(),
            to: self.last.to_string(),
            version: self.version.clone(),
            database: self.database.map(|database| database.label().to_owned()),
            size: self.size.map(|size| size.label().to_owned()),
            computed_at,
            rollup_lag: self.rollup_lag,
        }
    }
}

fn day_of(name: &'static str, value: Option<String>) -> Result<Option<CalendarDay>, InvalidPeriod> {
    let day = |value: String| value.parse().map_err(|_| InvalidPeriod::Day { name, value });
    value.map(day).transpose()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A November of a product, without filter.
    pub(crate) fn november() -> AnswerPeriod {
        period(&[("from", "2026-11-01"), ("to", "2026-11-30")]).unwrap()
    }

    fn period(parameters: &[(&str, &str)]) -> Result<AnswerPeriod, InvalidPeriod> {
        let value =
            |name| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let parameters = PeriodParameters {
            product: value("product"),
            from: value("from"),
            to: value("to"),
            version: value("version"),
            database: value("database"),
            size: value("size"),
        };
        AnswerPeriod::from_parameters(parameters, "coroot", "2026-11-28".parse().unwrap())
    }

    #[test]
    fn without_parameters_it_is_the_last_thirty_days_of_the_usual_product() {
        let period = period(&[]).unwrap();
        assert_eq!(period.product, "coroot");
        assert_eq!(
            (period.first.to_string(), period.last.to_string()),
            ("2026-10-30".to_owned(), "2026-11-28".to_owned())
        );
        assert_eq!(period.filter(), CellFilter::default());
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        let cases = [
            ([("from", "yesterday")], "from must be a day such as 2026-11-28, not \"yesterday\""),
            ([("to", "2026-02-30")], "to must be a day such as 2026-11-28, not \"2026-02-30\""),
            ([("from", "2026-11-29")], "from must be at most 731 days before to, and not after it"),
            ([("from", "2020-01-01")], "from must be at most 731 days before to, and not after it"),
            ([("database", "mysql")], "database must be sqlite, postgres or unknown, not \"mysql\""),
            ([("size", "5")], "size must be one of 0, 1-3, 4-10, 11-30, 31-100, 101-300 and 301+, not \"5\""),
        ];
        for (parameters, sentence) in cases {
            assert_eq!(period(&parameters).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    fn a_table_without_a_dimension_is_not_filtered_by_it() {
        let by_database = period(&[("database", "sqlite")]).unwrap();
        assert_eq!(by_database.check_table(CellTable::Flags), Ok(()));
        let sentence = by_database.check_table(CellTable::Cpu).unwrap_err().to_string();
        assert_eq!(sentence, "the numbers of cpu are not known by database");
        let by_size = period(&[("size", "301+")]).unwrap();
        assert_eq!(by_size.check_table(CellTable::Cpu), Ok(()));
        assert!(by_size.check_table(CellTable::Pages).is_err());
    }
}
