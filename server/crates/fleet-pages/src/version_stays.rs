//! Tells how long installations stay with a version after it was the most used.

use headcount_charts::number_format::{grouped, percent};
use headcount_fleet::name_table::OTHER;
use headcount_shared::api::{FleetShare, FleetSharesAnswer};
use maud::{Markup, html};

use crate::{
    answer_basis::{AnswerBasis, day_text},
    page_filter::PageFilter,
    shown_names::shown_version,
};

/// The versions of the table.
const SHOWN_VERSIONS: usize = 12;

/// What became of a version after the day on which the most installations had it.
#[derive(Debug, PartialEq)]
struct VersionStay<'a> {
    version: &'a str,
    peak_day: &'a str,
    peak: u64,
    now: u64,
    /// The days after which half, and a tenth, of the installations of the peak had it.
    until_half: Option<usize>,
    until_tenth: Option<usize>,
}

impl<'a> VersionStay<'a> {
    /// `None` for a version that no installation had.
    fn new(answer: &'a FleetSharesAnswer, label: &'a FleetShare) -> Option<Self> {
        let (place, peak) =
            (0..).zip(&label.by_day).max_by_key(|(place, count)| (**count, usize::MAX - *place))?;
        let left = |part: u64| {
            let after = label.by_day.iter().skip(place);
            after.enumerate().find(|(_, count)| **count * part <= *peak).map(|(days, _)| days)
        };
        (*peak > 0).then_some(Self {
            version: &label.label,
            peak_day: &answer.days.get(place)?.day,
            peak: *peak,
            now: *label.by_day.last()?,
            until_half: left(2),
            until_tenth: left(10),
        })
    }
}

/// The table.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn version_stays(filter: &PageFilter, answer: &FleetSharesAnswer) -> Markup {
    let told_apart = answer.labels.iter().filter(|label| label.label != OTHER);
    let stays: Vec<_> = told_apart.filter_map(|label| VersionStay::new(answer, label)).collect();
    let days = |days: Option<usize>| days.map_or("not yet".to_owned(), |days| days.to_string());
    html! {
        @if !stays.is_empty() {
            section.numbers aria-labelledby="stays" {
                h2 #stays { "How long old versions stay" }
                p.note {
                    "From the day on which the most installations had a version, the days until half of them, \
                     and a tenth of them, were left with it."
                }
                p.note {
                    (AnswerBasis::of_shares(filter, answer).text())
                    @if stays.len() > SHOWN_VERSIONS { ". The " (SHOWN_VERSIONS) " most frequent of " (stays.len()) "." }
                }
                div.scroll tabindex="0" role="group" aria-labelledby="stays" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Version" }
                                th.n scope="col" { "Most installations" }
                                th scope="col" { "On" }
                                th.n scope="col" { "On the last day" }
                                th.n scope="col" { "Of the most" }
                                th.n scope="col" { "Days until half" }
                                th.n scope="col" { "Until a tenth" }
                            }
                        }
                        tbody {
                            @for stay in stays.iter().take(SHOWN_VERSIONS) {
                                tr {
                                    th scope="row" { (shown_version(stay.version)) }
                                    td.n { (grouped(stay.peak)) }
                                    td { (day_text(stay.peak_day)) }
                                    td.n { (grouped(stay.now)) }
                                    td.n { (percent(stay.now as f64 / stay.peak as f64)) }
                                    td.n { (days(stay.until_half)) }
                                    td.n { (days(stay.until_tenth)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer_basis::tests::shares, page_filter::tests::ten_days};

    fn answer() -> FleetSharesAnswer {
        let label = |label: &str, by_day: [u64; 5]| FleetShare {
            label: label.to_owned(),
            share: 0.5,
            installations: 1.0,
            value: 0,
            by_day: by_day.to_vec(),
            value_by_day: vec![0; 5],
        };
        FleetSharesAnswer {
            labels: vec![
                label("1.0<", [100, 100, 60, 50, 10]),
                label("1.1", [0, 0, 40, 50, 90]),
                label("none", [0; 5]),
            ],
            ..shares(&[
                ("2026-11-01", 100),
                ("2026-11-02", 100),
                ("2026-11-03", 100),
                ("2026-11-04", 100),
                ("2026-11-05", 100),
            ])
        }
    }

    #[test]
    fn days_are_counted_from_the_first_day_with_the_most_installations() {
        let answer = answer();
        let stay = VersionStay::new(&answer, &answer.labels[0]).unwrap();
        assert_eq!((stay.peak_day, stay.peak, stay.now), ("2026-11-01", 100, 10));
        assert_eq!((stay.until_half, stay.until_tenth), (Some(3), Some(4)));
        let stay = VersionStay::new(&answer, &answer.labels[1]).unwrap();
        assert_eq!((stay.peak_day, stay.until_half, stay.until_tenth), ("2026-11-05", None, None));
        assert_eq!(VersionStay::new(&answer, &answer.labels[2]), None);
    }

    #[test]
    fn the_table_has_every_version_that_somebody_had() {
        let text = version_stays(&ten_days(), &answer()).into_string();
        assert!(text.contains("1.0&lt;") && text.contains("not yet") && !text.contains("none"), "{text}");
        assert_eq!(version_stays(&ten_days(), &shares(&[])).into_string(), "");
    }
}
