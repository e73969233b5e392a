//! Loads the series `up` of the scrape targets. The start of a counter is detected with it.

use headcount_prometheus::query::Label;

use super::world_builder::{WorldBuilder, read};
use crate::{model::keep_newer, queries::UP};

/// Stores the series `up` by job and instance.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let table = site.answers.table(&UP);
    for ([job, instance], row) in read(site.answers, &UP, [Label::Job, Label::Instance]) {
        let mut kept = site.world.targets.get(&(job, instance)).copied();
        keep_newer(&mut kept, &site.world.texts, table, row.index());
        if let Some(kept) = kept {
            site.world.targets.insert((job, instance), kept);
        }
    }
}
