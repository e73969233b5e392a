//! Says where this installation stands among all, in sentences.

use headcount_charts::number_format::{bytes, cores, grouped, percent};
use headcount_shared::api::{FleetComparison, FleetCostPosition, FleetSizePosition};

/// What is known of this installation among those that report to the same collector. Without a position, why there
/// is none.
#[must_use]
pub fn fleet_sentences(comparison: &FleetComparison) -> Vec<String> {
    let FleetComparison { collector, failure, downloaded_at, position, .. } = comparison;
    let failed = failure
        .as_ref()
        .map(|why| format!("The published tables could not be downloaded from {collector}: {why}."));
    let Some(position) = position else {
        return vec![match (failed, downloaded_at) {
            (Some(failed), _) => failed,
            (None, Some(_)) => format!("{collector} publishes nothing of its fleet."),
            (None, None) => format!("Nothing was downloaded from {collector} yet."),
        }];
    };
    let sizes = position.sizes.iter().map(size_sentence);
    let costs = position.costs.iter().map(cost_sentence);
    let basis = format!(
        "This is published of {}. Every number has noise, so that no installation can be found in it.",
        position.day
    );
    failed.into_iter().chain(sizes).chain(costs).chain([basis]).collect()
}

/// How large a part of the installations have something.
#[must_use]
pub fn share_text(have: u64, of: u64) -> String {
    format!("{} of {}", part(have, of), grouped(of))
}

fn size_sentence(size: &FleetSizePosition) -> String {
    let FleetSizePosition { table, own, class, of, fewer, same } = size;
    let more = of.saturating_sub(fewer.saturating_add(*same));
    let like = match class.split_once('-') {
        Some((from, to)) => format!("{from} to {to}, like yours with {}", grouped(*own)),
        None => match class.strip_suffix('+') {
            Some(from) => format!("{from} or more, like yours with {}", grouped(*own)),
            None => format!("{class}, like yours"),
        },
    };
    format!(
        "Of {} installations, {} have fewer {table} than yours, {} have {like}, and {} have more.",
        grouped(*of),
        part(*fewer, *of),
        part(*same, *of),
        part(more, *of)
    )
}

fn cost_sentence(cost: &FleetCostPosition) -> String {
    let (what, text): (_, fn(f64) -> String) = match cost.table.as_str() {
        "cpu_usage" => ("processor time", cores),
        _ => ("memory", bytes),
    };
    let of = match &cost.version {
        Some(version) => format!("Of {} installations with version {version}", grouped(cost.of)),
        None => format!("Of {} installations with other versions", grouped(cost.of)),
    };
    let own = text(cost.own);
    let below = cost
        .percentiles
        .iter()
        .filter(|one| one.at_most < cost.own)
        .map(|one| one.percentile)
        .reduce(f64::max);
    let above = cost
        .percentiles
        .iter()
        .filter(|one| one.at_most >= cost.own)
        .min_by(|one, other| one.percentile.total_cmp(&other.percentile));
    match (below, above) {
        (Some(below), Some(above)) => format!(
            "{of}, {} need less {what} than yours with {own}, and {} need at most {}.",
            percent(below),
            percent(above.percentile),
            text(above.at_most)
        ),
        (Some(below), None) => format!("{of}, {} need less {what} than yours with {own}.", percent(below)),
        (None, Some(above)) => format!(
            "{of}, {} need at most {} of {what}. Yours is one of them, with {own}.",
            percent(above.percentile),
            text(above.at_most)
        ),
        (None, None) => format!("{of}, no percentile of {what} is published. Yours needs {own}."),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no last digit")]
fn part(some: u64, all: u64) -> String {
    percent(some as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::{FleetPosition, PublishedPercentileAnswer};

    use super::*;

    fn plain(text: &str) -> String {
        text.replace('\u{202f}', " ")
    }

    #[test]
    fn sizes_are_told_by_the_class_that_is_published() {
        let size = |own, class: &str| FleetSizePosition {
            table: "nodes".to_owned(),
            own,
            class: class.to_owned(),
            of: 1200,
            fewer: 756,
            same: 300,
        };
        for (own, class, like) in [
            (10, "8-15", "8 to 15, like yours with 10"),
            (1, "1", "1, like yours"),
            (5000, "4096+", "4096 or more, like yours with 5 000"),
        ] {
            assert_eq!(
                plain(&size_sentence(&size(own, class))),
                format!(
                    "Of 1 200 installations, 63 % have fewer nodes than yours, 25 % have {like}, and 12 % have more."
                )
            );
        }
    }

    #[test]
    fn costs_are_told_by_the_percentiles_around_them() {
        let cost = |own| FleetCostPosition {
            table: "memory_usage".to_owned(),
            own,
            version: Some("1.0".to_owned()),
            of: 700,
            percentiles: vec![
                PublishedPercentileAnswer { percentile: 0.5, at_most: 50.0 * 1_048_576.0 },
                PublishedPercentileAnswer { percentile: 0.95, at_most: 100.0 * 1_048_576.0 },
            ],
        };
        let cases = [
            (40.0, "50 % need at most 50 MiB of memory. Yours is one of them, with 40 MiB."),
            (60.0, "50 % need less memory than yours with 60 MiB, and 95 % need at most 100 MiB."),
            (120.0, "95 % need less memory than yours with 120 MiB."),
        ];
        for (mebibytes, text) in cases {
            let said = plain(&cost_sentence(&cost(mebibytes * 1_048_576.0)));
            assert_eq!(said, format!("Of 700 installations with version 1.0, {text}"));
        }
        let processor = FleetCostPosition { table: "cpu_usage".to_owned(), own: 0.08, of: 90, ..cost(0.0) };
        let processor = FleetCostPosition { version: None, percentiles: Vec::new(), ..processor };
        let text = "Of 90 installations with other versions, no percentile of processor time is published. Yours needs 8.0 % of a core.";
        assert_eq!(plain(&cost_sentence(&processor)), text);
    }

    #[test]
    fn a_share_is_told_of_how_many() {
        assert_eq!(plain(&share_text(100, 400)), "25 % of 400");
    }

    #[test]
    fn why_there_is_no_position_is_a_sentence() {
        let comparison = |downloaded_at, failure: Option<&str>| FleetComparison {
            collector: "https://fleet.example".to_owned(),
            downloaded_at,
            failure: failure.map(str::to_owned),
            ..FleetComparison::default()
        };
        for (comparison, text) in [
            (comparison(None, None), "Nothing was downloaded from https://fleet.example yet."),
            (comparison(Some(7), None), "https://fleet.example publishes nothing of its fleet."),
            (
                comparison(None, Some("the collector answers 503")),
                "The published tables could not be downloaded from https://fleet.example: the collector answers 503.",
            ),
        ] {
            assert_eq!(fleet_sentences(&comparison), [text]);
        }
    }

    #[test]
    fn a_position_is_told_with_its_day_also_after_a_later_download_failed() {
        let position = FleetPosition { day: "2026-11-22".to_owned(), ..FleetPosition::default() };
        let failure = Some("the collector answers 503".to_owned());
        let comparison = FleetComparison {
            position: Some(position),
            failure,
            downloaded_at: Some(7),
            ..FleetComparison::default()
        };
        let said = fleet_sentences(&comparison);
        assert_eq!(said.len(), 2);
        assert!(
            said[0].contains("503") && said[1].starts_with("This is published of 2026-11-22."),
            "{said:?}"
        );
    }
}
