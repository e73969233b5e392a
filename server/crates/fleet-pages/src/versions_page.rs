//! Renders which versions are in use, and how fast new ones spread.

use headcount_shared::api::FleetSharesAnswer;
use maud::{Markup, html};

use crate::{
    page_filter::PageFilter,
    share_charts::{ShareTitles, share_areas, share_bars, share_lines},
    version_stays::version_stays,
};

/// The page.
#[must_use]
pub fn versions_page(filter: &PageFilter, versions: &FleetSharesAnswer) -> Markup {
    let titles =
        |id, title, description| ShareTitles { id, title, description, label: "Version", table: "versions" };
    html! {
        (share_areas(titles("over-time", "Versions over time", "All installations of a day by their last version."), filter, versions))
        (share_lines(titles("uptake", "Uptake of releases", "How large a part of the installations of a day runs a version."), filter, versions))
        (share_bars(titles("in-use", "Versions in use", "On average over these days."), filter, versions))
        (version_stays(filter, versions))
    }
}
