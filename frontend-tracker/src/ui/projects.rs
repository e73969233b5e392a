//! Shows what is observed of projects, by name: all projects, one project, an application and a node.
//!
//! Pages fetch again every 30 seconds while they are visible. What only shows something is HTML that plain functions
//! write (`page_html`, `table_rows`, `texts`), because components for all of it would make the program
//! half as large again. It is replaced while neither the cursor nor the focus is in it (`html_box`), so that nothing
//! moves under the cursor and nothing loses the focus.

mod application_page;
mod live_answer;
mod node_page;
mod overview;
mod page_html;
mod project_page;
mod table_rows;
mod table_view;
mod threshold_form;
pub(super) mod view_answers;
mod view_rows;

pub(super) use self::{
    application_page::ApplicationPage, node_page::NodePage, overview::Overview, project_page::ProjectPage,
};
