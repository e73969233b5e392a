//! Loads the domain names of addresses.

use headcount_prometheus::query::Label;

use super::world_builder::{WorldBuilder, read};
use crate::{model::ip, queries::IP_TO_FQDN};

/// Stores the alphabetically first domain name of each address.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    for ([address, name], _) in read(site.answers, &IP_TO_FQDN, [Label::Ip, Label::Fqdn]) {
        let Some(address) = ip(site.answers.text(address)).filter(|_| !name.is_empty()) else { continue };
        let kept = site.domain_names.entry(address).or_insert(name);
        if site.world.texts.compare(name, *kept).is_lt() {
            *kept = name;
        }
    }
}
