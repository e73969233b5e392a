//! Renders the pages of a collector about its fleet, from the answers that its API gives.
//!
//! A page is complete without script: filters are forms, and everything that is shown is in its address.
//! Every function here is pure. [`FleetPage`] lists the pages; each has a file of its own.

mod answer_basis;
mod answer_files;
mod changed_functions;
mod changes_page;
mod compared_releases;
mod day_events;
mod deletion_pages;
mod distribution_charts;
mod environment_page;
mod error_page;
mod features_page;
mod installation_page;
mod installation_reports;
mod installations_page;
mod overview_page;
mod page_filter;
mod page_frame;
mod page_list;
mod page_notes;
mod performance_page;
mod profiles_page;
mod published_comparison;
mod published_page;
mod release_comparison;
mod report_fields;
mod report_profile;
mod report_table;
mod share_charts;
mod shown_names;
mod time_text;
mod trust_page;
mod usage_page;
mod version_stays;
mod versions_page;

pub use self::{
    answer_basis::mean_installations,
    changes_page::{ChangeAnswers, changes_page},
    compared_releases::{ComparedReleases, NoComparison, ReleaseChoice, newest_release},
    day_events::{DayEvent, day_events},
    deletion_pages::{deleted_page, deletion_form, pending_deletion_page},
    environment_page::{EnvironmentAnswers, environment_page},
    error_page::{EnteredForm, FormMethod, error_page},
    features_page::{FeatureAnswers, NewestRelease, features_page},
    installation_page::{InstallationAnswers, InstallationChoice, ReadReport, ReportCopy, installation_page},
    installations_page::{SHOWN_INSTALLATIONS, installations_page},
    overview_page::{OverviewAnswers, overview_page},
    page_filter::PageFilter,
    page_frame::{NavigationEntry, PageFrame, PageReader, PageShell, render_page, render_shell},
    page_list::FleetPage,
    page_notes::{KnownDays, PageNotes, page_notes},
    performance_page::{PerformanceAnswers, PerformanceTable, performance_page},
    profiles_page::{ProfileAnswers, ProfileChoice, ShownProfiles, profiles_page},
    published_comparison::ExactTable,
    published_page::{PublishedAnswers, ShownRelease, published_page},
    release_comparison::ReleaseDistributions,
    shown_names::{version_of_value, version_value},
    trust_page::trust_page,
    usage_page::{UsageAnswers, usage_page},
    versions_page::versions_page,
};

/// The style sheet of the pages, beside that of all pages and [`headcount_charts::STYLE`] of their charts.
pub const STYLE: &str = include_str!("fleet_pages.css");
