//! Loads the errors of the discovery of managed databases.

use headcount_prometheus::query::Label;

use super::world_builder::{WorldBuilder, read};
use crate::queries::AWS_DISCOVERY_ERROR;

/// Loads the errors that are currently reported, each once.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    for ([error], row) in read(site.answers, &AWS_DISCOVERY_ERROR, [Label::Error]) {
        let errors = &mut site.world.aws_errors;
        if !error.is_empty() && row.is_so() && !errors.contains(&error) {
            errors.push(error);
        }
    }
}
