//! The web interface: the pages of the route table, of which the one about usage statistics is finished.
//!
//! On the pages of a collector the same program takes over instead: see `takeover`.
//!
//! Plain functions without a browser decide what is shown: how values are formatted (`format`), how a report
//! becomes rows (`report_rows`), and what an answer of the server means (`answer`). The components only render that.
//! Pages need no inline style or script, so that a strict Content-Security-Policy works.
#![expect(unreachable_pub, reason = "the component macro turns any visibility into `pub`")]

mod answer;
mod api;
mod app;
mod browser;
mod flame_numbers;
mod format;
mod html;
mod link;
mod new_project;
mod page_paths;
mod pages;
mod projects;
mod report_diff;
mod report_rows;
mod session;
mod settings;
mod statistics;
mod takeover;
mod threshold_text;
mod title;
mod value_units;
mod welcome;

/// Mounts the interface in the page's body.
pub fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}

/// Takes over on a page of a collector.
pub fn take_over() {
    console_error_panic_hook::set_once();
    takeover::start();
}
