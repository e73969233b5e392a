//! Renders which pages of the product are used.

use headcount_charts::{ValueUnit, number_format::grouped, treemap, treemap::TreemapPart};
use headcount_shared::api::{FleetDistributionsAnswer, FleetSharesAnswer};
use maud::{Markup, PreEscaped, html};

use crate::{
    answer_basis::AnswerBasis,
    answer_files::AnswerFile,
    distribution_charts::{DistributionTitles, histogram},
    page_filter::PageFilter,
    share_charts::{ShareTitles, share_bars, share_lines},
    shown_names::shown_label,
};

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct UsageAnswers<'a> {
    /// Pages.
    pub pages: &'a FleetSharesAnswer,
    /// Page views of an installation and day.
    pub page_views: &'a FleetDistributionsAnswer,
    /// Browsers of an installation and day.
    pub browsers: &'a FleetDistributionsAnswer,
}

/// The page.
#[must_use]
pub fn usage_page(filter: &PageFilter, answers: UsageAnswers<'_>) -> Markup {
    let titles =
        |id, title, description| ShareTitles { id, title, description, label: "Page", table: "pages" };
    let distribution =
        |id, title, values| DistributionTitles { id, title, description: "", values, unit: ValueUnit::Count };
    html! {
        (share_bars(titles("pages", "Pages of the product", "Installations in which somebody looked at the page on the day."), filter, answers.pages))
        (share_lines(titles("pages-over-time", "Pages of the product over time", ""), filter, answers.pages))
        (views_treemap(filter, answers.pages))
        (histogram(distribution("views", "Page views", "page views of an installation on a day"), filter, answers.page_views, answers.page_views.distributions.first()))
        (histogram(distribution("browsers", "Browsers", "browsers of an installation on a day"), filter, answers.browsers, answers.browsers.distributions.first()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn views_treemap(filter: &PageFilter, pages: &FleetSharesAnswer) -> Markup {
    let labels: Vec<_> = pages.labels.iter().map(|page| shown_label(&page.label)).collect();
    let parts: Vec<_> = pages
        .labels
        .iter()
        .zip(&labels)
        .enumerate()
        .map(|(group, (page, label))| TreemapPart { label, value: page.value as f64, group })
        .collect();
    let title = "Page views by page";
    let views: u64 = pages.labels.iter().map(|page| page.value).sum();
    let basis = AnswerBasis::new(filter, &pages.scope, format!("of {} page views", grouped(views)));
    let chart = treemap(&basis.caption("page-views", title, ""), "Page", ValueUnit::Count, &parts);
    html! { (PreEscaped(chart)) (AnswerFile::table("shares/pages").links(title, &pages.scope)) }
}
