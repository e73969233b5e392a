//! End-to-end tests of what Headcount promises its users: real processes, real browsers, and HTTP between
//! them.
//!
//! `cargo build -p headcount` builds the tested program.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at what it does not expect")]

mod behaviour_outcome;
mod event_totals;
mod faulty_prometheus;
mod faulty_wire;
mod fetched_reports;
mod namespace;
mod page_pictures;
mod page_rules;
mod page_view;
mod process_clock;
mod setup;
mod syscall_trace;

mod access;
mod arrival;
mod bad_events;
mod bad_starts;
mod breakpoints;
mod broken_settings;
mod coming_and_going;
mod counting;
mod crashes;
mod damage;
mod delivery;
mod demo;
mod destinations;
mod documented;
mod engines;
mod examples;
mod examples_package;
mod fleet;
mod fleet_answers;
mod fleet_pages;
mod forget;
mod forms;
mod full_disk;
mod host_header;
mod incidents;
mod interface;
mod interface_pages;
mod known_again;
mod leptos;
mod names;
mod opted_out;
mod pages_in_use;
mod preview;
mod private_files;
mod product;
mod profiles;
mod projects;
mod prometheus_faults;
mod proxies;
mod published;
mod read_only;
mod rollouts;
mod routers;
mod runs;
mod secrets;
mod sessions;
mod shared_settings;
mod shown;
mod sign_in;
mod statistics_page;
mod stopping;
mod switched;
mod targets;
mod tracker;
mod traefik;
mod weight;
mod world;
