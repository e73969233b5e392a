//! The web interface: the pages of the route table, of which the one about usage statistics is finished.
//!
//! Plain functions without a browser decide what is shown: how values are formatted (`format`), how a report
//! becomes rows (`report_rows`), and what an answer of the server means (`answer`). The components only render that.
//! Pages need no inline style or script, so that a strict Content-Security-Policy works.
#![expect(unreachable_pub, reason = "the component macro turns any visibility into `pub`")]

mod answer;
mod api;
mod app;
mod browser;
mod format;
mod link;
mod pages;
mod projects;
mod report_rows;
mod session;
mod statistics;
mod title;

/// Mounts the interface in the page's body.
pub fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
