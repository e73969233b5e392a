//! Tests the pages of a collector about its fleet in real browsers: what they say, whether it fits, whether
//! everybody can read it, and how it looks.

mod accepted_pictures;
mod accessibility;
mod fifteen_questions;
mod page_geometry;
mod page_truth;
mod roles_and_refusals;
mod shown_fleet;
mod small_fleets;
mod taken_over;
