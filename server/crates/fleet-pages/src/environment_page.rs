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
    ("instances", "Application instances", "application instances (containers) of an installation"),
    ("projects", "Projects", "projects of an installation"),
    ("application_categories", "Application categories", "application categories of an installation"),
];

/// What sizes of screens are. The widths depend on the product that sends them.
const SCREENS: &str = "Installations with a browser of the size. xs is the width of a phone, xxl that of a very \
                       wide screen.";

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
        (share_bars(titles("clouds", "Clouds", "Installations with nodes in the cloud.", "Cloud", "clouds"), filter, answers.clouds))
        (share_bars(titles("services", "Services", "What runs beside the product.", "Service", "services"), filter, answers.services))
        (share_bars(titles("instrumented", "Instrumented services", "Services that an exporter monitors.", "Service", "instrumented_services"), filter, answers.instrumented_services))
        (share_bars(titles("databases", "Settings database", "The type of the database with the settings of the product.", "Database", "databases"), filter, answers.databases))
        (share_bars(titles("size-classes", "Size in nodes", "By the most nodes of an installation on the day.", "Nodes", "size_classes"), filter, answers.size_classes))
        @for (label, title, values) in SIZES {
            @let titles = DistributionTitles { id: label, title, description: "", values, unit: ValueUnit::Count };
            (histogram(titles, filter, answers.sizes, distribution_of(answers.sizes, label)))
        }
        (share_bars(titles("screens", "Screens", SCREENS, "Screen", "screen_sizes"), filter, answers.screen_sizes))
    }
}
