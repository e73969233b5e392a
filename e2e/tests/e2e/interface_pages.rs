//! Tests the pages of the operator in a real browser: how they look, whether everybody can read and use them,
//! what is printed, and under which keys they are counted.

mod accepted_pictures;
mod accessibility;
mod counted_pages;
mod interface_page;
mod printed_report;
mod sent_reports;
mod shown_installation;
