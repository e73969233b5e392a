//! Reads the parameters of pages: which product and days, and what else was chosen.

use axum::extract::{Query, rejection::QueryRejection};
use headcount_fleet::{
    answers::answer_period::{AnswerPeriod, PeriodParameters},
    calendar_day::CalendarDay,
};
use headcount_fleet_pages::{ProfileChoice, version_of_value};
use headcount_web::problem::ProblemResponse;
use serde::Deserialize;

use super::{
    DEFAULT_PRODUCT,
    fleet_reader::ProductDays,
    fleet_routes::{bad_request, flame_measure, profiled_resource},
    published_routes::USUAL_DAYS,
    query_refusal::query_refusal,
};

/// What a page is about. A form sends what was not chosen as an empty text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PageParameters {
    product: String,
    from: String,
    to: String,
    version: String,
    database: String,
    size: String,
    pub(super) resource: String,
    measure: String,
    before: String,
    after: String,
    pub(super) focus: String,
    /// Profiles: the function that has the whole width. One installation: the text that names are searched for.
    pub(super) function: String,
    /// One installation alone: the report that is shown.
    pub(super) report: String,
    /// One installation alone: the newest report of the list.
    pub(super) until: String,
    /// What is published alone: the day of the release that is shown.
    pub(super) day: String,
}

/// The parameters of a page, as they were sent.
pub(super) type PageQuery = Result<Query<PageParameters>, QueryRejection>;

/// The parameters of a page.
///
/// # Errors
/// A sentence about one that is unknown, or given twice.
pub(super) fn page_parameters(query: PageQuery) -> Result<PageParameters, ProblemResponse> {
    query.map(|Query(parameters)| parameters).map_err(|rejection| query_refusal(&rejection))
}

pub(super) fn chosen(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl PageParameters {
    /// The same from a year before the last day on, unless a first day is given: as the API of what is published.
    pub(super) fn period_of_releases(
        &self,
        today: CalendarDay,
        products: &[ProductDays],
    ) -> Result<AnswerPeriod, ProblemResponse> {
        let last = if self.to.is_empty() { Some(today) } else { self.to.parse().ok() };
        match last.filter(|_| self.from.is_empty()) {
            Some(last) => {
                let from = last.minus_days(USUAL_DAYS - 1).to_string();
                Self { from, ..self.clone() }.period(today, products)
            }
            None => self.period(today, products),
        }
    }

    /// The period of the parameters. `products` are the products with numbers.
    ///
    /// Without a product, it is the one with the newest numbers. Without a last day, it is the last one that
    /// is over: today has a part of its reports, so that its numbers are too small, and every mean with it.
    /// On the first day of a product, there is nothing else.
    pub(super) fn period(
        &self,
        today: CalendarDay,
        products: &[ProductDays],
    ) -> Result<AnswerPeriod, ProblemResponse> {
        let text = |text: &str| chosen(text.to_owned());
        let product = text(&self.product).unwrap_or_else(|| usual_product(products).to_owned());
        let known = products.iter().find(|known| known.product == product);
        let yesterday = today.minus_days(1);
        let last = if known.is_some_and(|known| known.first > yesterday) { today } else { yesterday };
        let parameters = PeriodParameters {
            product: Some(product),
            from: text(&self.from),
            to: text(&self.to).or_else(|| Some(last.to_string())),
            version: version_of_value(self.version.clone()),
            database: text(&self.database),
            size: text(&self.size),
        };
        AnswerPeriod::from_parameters(parameters, DEFAULT_PRODUCT, today)
            .map_err(|invalid| bad_request(invalid.to_string()))
    }

    pub(super) fn profile_choice(self) -> Result<ProfileChoice, ProblemResponse> {
        let resource = profiled_resource(chosen(self.resource).as_deref())?;
        let measure = flame_measure(chosen(self.measure).as_deref(), resource)?;
        let focus = chosen(self.focus).map(|focus| {
            u64::from_str_radix(&focus, 16)
                .map_err(|_| bad_request(format!("focus must be a hexadecimal number, not \"{focus}\"")))
        });
        Ok(ProfileChoice {
            resource,
            measure,
            before: version_of_value(self.before),
            after: version_of_value(self.after),
            focus: focus.transpose()?,
            function: chosen(self.function),
        })
    }
}

/// The product of a page whose address names none: the one with the newest numbers; of several, the default
/// one, or else the first.
fn usual_product(products: &[ProductDays]) -> &str {
    let newest = products.iter().map(|known| known.last).max();
    let mut with_newest = products.iter().filter(|known| Some(known.last) == newest);
    let is_default = |known: &&ProductDays| known.product == DEFAULT_PRODUCT;
    let usual = with_newest.clone().find(is_default).or_else(|| with_newest.next());
    usual.map_or(DEFAULT_PRODUCT, |known| &known.product)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(product: &str, first: &str, last: &str) -> ProductDays {
        ProductDays {
            product: product.to_owned(),
            first: first.parse().unwrap(),
            last: last.parse().unwrap(),
        }
    }

    #[test]
    fn the_usual_product_is_the_one_with_the_newest_numbers() {
        let (old, new) = (("2026-01-01", "2026-01-31"), ("2026-11-01", "2026-11-28"));
        let of = |product, (first, last)| known(product, first, last);
        for (products, usual) in [
            (vec![], DEFAULT_PRODUCT),
            (vec![of("shop", old)], "shop"),
            (vec![of(DEFAULT_PRODUCT, old), of("shop", new)], "shop"),
            (vec![of("a", new), of(DEFAULT_PRODUCT, new), of("shop", old)], DEFAULT_PRODUCT),
            (vec![of("b", new), of("c", new)], "b"),
        ] {
            assert_eq!(usual_product(&products), usual, "{products:?}");
        }
    }

    #[test]
    fn the_usual_days_end_with_the_last_one_that_is_over() {
        let today: CalendarDay = "2026-11-28".parse().unwrap();
        let last = |parameters: &PageParameters, first| {
            let products = [known("shop", first, "2026-11-28")];
            let period = parameters.period(today, &products).unwrap();
            (period.first.to_string(), period.last.to_string())
        };
        let days = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        let none = PageParameters::default();
        assert_eq!(last(&none, "2026-11-01"), days("2026-10-29", "2026-11-27"));
        assert_eq!(last(&none, "2026-11-28"), days("2026-10-30", "2026-11-28"), "there is no other day");
        let chosen = PageParameters { to: "2026-11-28".to_owned(), ..none };
        assert_eq!(last(&chosen, "2026-11-01").1, "2026-11-28");
    }
}
