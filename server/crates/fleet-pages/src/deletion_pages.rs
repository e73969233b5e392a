//! Renders the deletion of an installation: the question before it, and what was deleted.

use headcount_charts::number_format::grouped;
use headcount_shared::api::{DeletionReceipt, FleetInstance};
use maud::{Markup, html};

use crate::{
    installations_page::version_text,
    time_text::{counted, short_utc},
};

/// The question. `installation` is what is known of it; nothing if no report of it is listed any more. `refusal`
/// is why the form was refused that was sent before.
#[must_use]
pub fn deletion_form(uuid: &str, installation: Option<&FleetInstance>, refusal: Option<&str>) -> Markup {
    html! {
        @if let Some(refusal) = refusal { p.failure role="alert" { (refusal) } }
        p { code { (uuid) } }
        @if let Some(FleetInstance { version, reports, last_seen_at, .. }) = installation {
            p.lead {
                "It runs version " (version_text(version)) ", has sent " (counted(*reports, "report"))
                " so far, and sent the last one on " (short_utc(*last_seen_at)) "."
            }
        } @else {
            p.lead { "No report of this installation is known. It may have been deleted already." }
        }
        p {
            "All that it sent and its row in every day are removed from all files. Days whose reports are still kept are \
             computed again without it. The sums of older days keep what it added to them, without telling \
             whose it was. What was published stays as it is. Later reports of it are refused for 60 days. "
            strong { "This cannot be undone." }
        }
        form.deletion method="post" action="deletion" {
            label {
                input type="checkbox" name="confirmed" value="yes" required;
                " Delete everything of this installation"
            }
            p { button type="submit" { "Delete" } " " a href=(format!("../{uuid}")) { "Keep it" } }
        }
    }
}

/// What was deleted, with the signed receipt.
#[must_use]
pub fn deleted_page(uuid: &str, receipt: &DeletionReceipt) -> Markup {
    let signed = serde_json::to_string_pretty(receipt).unwrap_or_default();
    html! {
        p { code { (uuid) } }
        p.lead {
            "The installation is deleted: " (counted(receipt.reports, "report")) ", "
            (raw_copies(receipt.raw_reports)) " and " (counted(receipt.days, "day")) " of it were removed."
        }
        p {
            "No file of this collector has a report or a row of it any more. The sums of days whose reports were dropped \
             before keep what it added to them. What was published stays as it is. Later reports of it are refused until " (short_utc(receipt.tombstone_until)) "."
        }
        details {
            summary { "Signed receipt for whoever asked for the deletion" }
            pre { code { (signed) } }
        }
        p { a href="../../installations" { "To the installations" } }
    }
}

fn raw_copies(number: u64) -> String {
    match number {
        1 => "1 copy of a report as it was sent".to_owned(),
        number => format!("{} copies of reports as they were sent", grouped(number)),
    }
}

/// Says that a deletion goes on.
#[must_use]
pub fn pending_deletion_page(uuid: &str) -> Markup {
    html! {
        p { code { (uuid) } }
        p.lead { "The installation is being deleted. Its reports are refused from now on, and what is stored is being removed." }
        form.deletion method="post" action="deletion" {
            input type="hidden" name="confirmed" value="yes";
            p { button type="submit" { "Ask for the receipt" } }
        }
        p { a href="../../installations" { "To the installations" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

    #[test]
    fn a_deletion_is_asked_for_once_more_before_it_is_done() {
        let text = deletion_form(UUID, None, None).into_string();
        for said in [
            "Days whose reports are still kept are computed again without it. The sums of older days keep what it added",
            "This cannot be undone.",
            "<form class=\"deletion\" method=\"post\" action=\"deletion\">",
            "type=\"checkbox\" name=\"confirmed\" value=\"yes\" required",
            "href=\"../4423595b-9d97-4e01-a19f-8e3d60c83b2a\">Keep it",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    #[test]
    fn a_deletion_that_was_refused_says_why_above_the_same_form() {
        let text = deletion_form(UUID, None, Some("Nothing was deleted.")).into_string();
        let (why, form) = text.split_once("<form").unwrap();
        assert!(why.contains("role=\"alert\">Nothing was deleted.<") && form.contains("confirmed"), "{text}");
        assert!(!deletion_form(UUID, None, None).into_string().contains("alert"));
    }

    #[test]
    fn what_was_deleted_is_said_with_the_receipt() {
        let receipt = DeletionReceipt {
            instance_sha256: "a1".to_owned(),
            hour: 1_700_000_000,
            reports: 3,
            raw_reports: 1,
            days: 2,
            released: String::new(),
            tombstone_until: 1_705_000_000,
            key: String::new(),
            signature: "signed".to_owned(),
        };
        let text = deleted_page(UUID, &receipt).into_string();
        for said in [
            "3 reports, 1 copy of a report as it was sent and 2 days of it were removed.",
            "The sums of days whose reports were dropped before keep what it added to them.",
            "refused until 11\u{a0}Jan\u{a0}2024, 19:06 UTC",
            "&quot;signature&quot;: &quot;signed&quot;",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(pending_deletion_page(UUID).into_string().contains("is being deleted"));
    }
}
