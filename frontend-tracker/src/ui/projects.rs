//! Shows what is observed of projects, by name: all projects, one project, an application and a node.
//!
//! Pages fetch again every 30 seconds while they are visible. What changed is changed in place, so that rows do
//! not move, opened parts stay open, and nothing loses the focus. What is decided without a browser is in
//! `table_rows`, `words` and `chart_html`.

mod application_page;
mod chart_box;
mod chart_html;
mod live_answer;
mod node_page;
mod observation_note;
mod overview;
mod project_page;
mod table_rows;
mod table_view;
mod threshold_form;
mod words;

pub(super) use self::{
    application_page::ApplicationPage, node_page::NodePage, overview::Overview, project_page::ProjectPage,
};
