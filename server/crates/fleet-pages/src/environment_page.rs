//! Renders what surrounds installations, and how large they are.

use headcount_charts::ValueUnit;
use headcount_shared::api::{FleetDistributionsAnswer, FleetSharesAnswer};
use maud::{Markup, html};

use crate::{
    distribution_charts::{DistributionTitles, distribution_of, histogram},
    page_filter::PageFilter,
    share_charts::{ShareTitles, share_bars},
};

/// The sizes, with their titles.
const SIZES: [(&str, &str, &str); 5] = [
    ("nodes", "Nodes", "nodes of an installation"),
    ("applications", "Applications", "applications of an installation"),
    ("instances", "Instances", "instances of an installation"),
    ("projects", "Projects", "projects of an installation"),
    ("application_categories", "Application categories", "categories of an installation"),
];

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct EnvironmentAnswers<'a> {
    /// Clouds.
    pub clouds: &'a FleetSharesAnswer,
    /// Services.
    pub services: &'a FleetSharesAnswer,
    /// Instrumented services.
    pub instrumented_services: &'a FleetSharesAnswer,
    /// Kinds of databases.
    pub databases: &'a FleetSharesAnswer,
    /// Sizes of screens.
    pub screen_sizes: &'a FleetSharesAnswer,
    /// Size classes.
    pub size_classes: &'a FleetSharesAnswer,
    /// Sizes.
    pub sizes: &'a FleetDistributionsAnswer,
}

/// The page.
#[must_use]
pub fn environment_page(filter: &PageFilter, answers: EnvironmentAnswers<'_>) -> Markup {
    let titles = |id, title, description, label, table| ShareTitles { id, title, description, label, table };
    html! {
        (share_bars(titles("clouds", "Clouds", "", "Cloud", "clouds"), filter, answers.clouds))
        (share_bars(titles("services", "Services", "What runs beside the product.", "Service", "services"), filter, answers.services))
        (share_bars(titles("instrumented", "Instrumented services", "", "Service", "instrumented_services"), filter, answers.instrumented_services))
        (share_bars(titles("databases", "Settings database", "", "Database", "databases"), filter, answers.databases))
        (share_bars(titles("size-classes", "Size", "", "Nodes", "size_classes"), filter, answers.size_classes))
        @for (label, title, values) in SIZES {
            @let titles = DistributionTitles { id: label, title, description: "", values, unit: ValueUnit::Count };
            (histogram(titles, filter, answers.sizes, distribution_of(answers.sizes, label)))
        }
        (share_bars(titles("screens", "Screens", "Installations with a browser of the size.", "Screen", "screen_sizes"), filter, answers.screen_sizes))
    }
}
