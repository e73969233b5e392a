//! Renders which pages of the product are used.

use headcount_charts::{ValueUnit, treemap, treemap::TreemapPart};
use headcount_shared::api::{FleetDistributionsAnswer, FleetSharesAnswer};
use maud::{Markup, PreEscaped, html};

use crate::{
    answer_basis::AnswerBasis,
    distribution_charts::{DistributionTitles, histogram},
    page_filter::PageFilter,
    share_charts::{ShareTitles, share_bars, share_lines},
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
    let titles = |id, title, description| ShareTitles { id, title, description, label: "Page" };
    let distribution =
        |id, title, values| DistributionTitles { id, title, description: "", values, unit: ValueUnit::Count };
    html! {
        (share_bars(titles("pages", "Pages", "Installations in which somebody looked at the page on the day."), answers.pages))
        (share_lines(titles("pages-over-time", "Pages over time", ""), filter, answers.pages))
        (views_treemap(answers.pages))
        (histogram(distribution("views", "Page views", "page views of an installation on a day"), answers.page_views, answers.page_views.distributions.first()))
        (histogram(distribution("browsers", "Browsers", "browsers of an installation on a day"), answers.browsers, answers.browsers.distributions.first()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn views_treemap(pages: &FleetSharesAnswer) -> PreEscaped<String> {
    let parts: Vec<_> = pages
        .labels
        .iter()
        .enumerate()
        .map(|(group, page)| TreemapPart { label: &page.label, value: page.value as f64, group })
        .collect();
    let basis = AnswerBasis::new(&pages.scope, "of all page views".to_owned());
    let caption = basis.caption("page-views", "Page views by page", "");
    PreEscaped(treemap(&caption, "Page", ValueUnit::Count, &parts))
}
