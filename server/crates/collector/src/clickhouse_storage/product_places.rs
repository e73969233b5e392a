//! Gives the first products that report a place; the others count as `other`.
//!
//! Each collector admits products by what it knows. Of several, there may be a few more places than of one.

use std::collections::BTreeSet;

use super::{
    ClickHouseStorage,
    table_definitions::{BLOCKS, CHANGES},
};
use crate::{fleet_storage::StorageResult, known_products::OTHER_PRODUCT, report_store::IncomingReport};

impl ClickHouseStorage {
    /// What a report of a product counts as, without getting a place.
    pub(crate) fn product_label(&self, named: &str) -> String {
        self.products.label(named)
    }

    /// What each of these reports counts as if it is stored.
    pub(super) async fn possible_products(&self, reports: &[IncomingReport]) -> StorageResult<Vec<String>> {
        if self.products.is_unread() {
            let (blocks, changes) = (BLOCKS.name, CHANGES.name);
            let computed = format!("SELECT DISTINCT product FROM {blocks} WHERE layer = 'installations'");
            let changed = format!("SELECT DISTINCT product FROM {changes} WHERE product != ''");
            let (computed, changed) = tokio::try_join!(self.texts(&computed), self.texts(&changed))?;
            self.products.note(computed.into_iter().chain(changed).collect::<BTreeSet<_>>());
        }
        Ok(reports.iter().map(|report| self.products.label_if_stored(&report.product)).collect())
    }

    /// What a report of a product counts as that is stored: it gets a place if one is left.
    pub(super) fn admitted_product<'a>(&self, possible: &'a str) -> &'a str {
        let is_known = self.products.label(possible) == possible || self.products.take_place(possible);
        if is_known { possible } else { OTHER_PRODUCT }
    }
}
