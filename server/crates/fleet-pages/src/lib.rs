//! Renders the pages of a collector about its fleet, from the answers that its API gives.
//!
//! A page is complete without script: filters are forms, and everything that is shown is in its address.
//! Every function here is pure. [`FleetPage`] lists the pages; each has a file of its own.

mod answer_basis;
mod answer_files;
mod compared_releases;
mod distribution_charts;
mod environment_page;
mod features_page;
mod overview_page;
mod page_filter;
mod page_frame;
mod page_list;
mod page_notes;
mod performance_page;
mod profiles_page;
mod share_charts;
mod shown_names;
mod trust_page;
mod usage_page;
mod versions_page;

pub use self::{
    answer_basis::mean_installations,
    compared_releases::{ReleaseChoice, newest_release},
    environment_page::{EnvironmentAnswers, environment_page},
    features_page::{FeatureAnswers, NewestRelease, features_page},
    overview_page::{OverviewAnswers, overview_page},
    page_filter::PageFilter,
    page_frame::{PageFrame, render_page},
    page_list::FleetPage,
    page_notes::{KnownDays, PageNotes, page_notes},
    performance_page::{PerformanceAnswers, PerformanceTable, ReleaseDistributions, performance_page},
    profiles_page::{ProfileAnswers, ProfileChoice, ShownProfiles, profiles_page},
    shown_names::{version_of_value, version_value},
    trust_page::trust_page,
    usage_page::{UsageAnswers, usage_page},
    versions_page::versions_page,
};

/// The style sheet of the pages; that of their charts is [`headcount_charts::STYLE`].
pub const STYLE: &str = include_str!("fleet_pages.css");
