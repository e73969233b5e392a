//! Turns the audited world of a project into what the interface shows of it.
//!
//! Pure functions: from a [`WorldSight`] and, for the last hour, answers with points, to the types of
//! `headcount_shared::api`. All lists and series are bounded. Names of applications and nodes are in the
//! results, which are for a signed-in operator and must not get into logs, metrics or reports.

mod application_rows;
mod application_view;
mod chart_html;
mod hour_series;
mod inspection_response;
mod inspection_titles;
mod node_names;
mod node_views;
mod project_health;
mod report_charts;
mod severity;
#[cfg(test)]
mod sight_fixture;
mod world_sight;

pub use self::{
    application_rows::application_rows,
    application_view::application_view,
    inspection_response::{application_overrides, inspection_response},
    node_views::{NODE_CHARTS_NEED, node_rows, node_view},
    project_health::project_health,
    report_charts::{charts_need, report_charts},
    severity::severity,
    world_sight::{ProjectHeading, WorldSight},
};
