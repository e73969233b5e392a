//! The web interface: the pages of the route table.
//!
//! The pages of a collector have a program of their own: see `takeover`.
//!
//! Plain functions without a browser decide what is shown: how values are formatted (`texts::format`), how a report
//! becomes rows (`report_rows`), and what an answer of the server means (`answer`). The components only render that.
//! Pages need no inline style or script, so that a strict Content-Security-Policy works.
#![expect(unreachable_pub, reason = "the component macro turns any visibility into `pub`")]

mod answer;
mod api;
mod app;
mod browser;
mod clicked_link;
mod flame_numbers;
mod html;
mod html_box;
mod kept_tables;
mod link;
mod location;
mod new_project;
mod newest_request;
mod page_paths;
mod pages;
mod projects;
mod report_diff;
mod report_rows;
mod session;
mod settings;
mod statistics;
mod takeover;
mod texts;
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
