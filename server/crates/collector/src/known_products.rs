//! Bounds the products of a collector: the first ones that report have a place, the others count as `other`.

use std::{collections::BTreeSet, sync::Mutex};

use headcount_platform::lock::lock;

use super::DEFAULT_PRODUCT;

/// The product under which reports of products without a place are counted.
pub(super) const OTHER_PRODUCT: &str = "other";

/// The most products that have a place, `coroot` included. The first that report get one.
pub(super) const MOST_PRODUCTS: usize = 64;

/// The products that have a place.
#[derive(Debug, Default)]
pub(super) struct KnownProducts {
    /// `None` while the database has to be asked.
    names: Mutex<Option<BTreeSet<String>>>,
}

impl KnownProducts {
    /// What a report of the product counts as without getting a place: the product itself if it has one.
    pub(super) fn label(&self, named: &str) -> String {
        let is_known = |names: &BTreeSet<String>| names.contains(named);
        let is_known = named == DEFAULT_PRODUCT || lock(&self.names).as_ref().is_some_and(is_known);
        if is_known { named } else { OTHER_PRODUCT }.to_owned()
    }

    /// Whether the names have to be read from the database.
    pub(super) fn is_unread(&self) -> bool {
        lock(&self.names).is_none()
    }

    /// Notes the products that have a place.
    pub(super) fn note(&self, names: BTreeSet<String>) {
        *lock(&self.names) = Some(names);
    }

    /// Whether another product gets a place. It has one then.
    pub(super) fn take_place(&self, named: &str) -> bool {
        let mut names = lock(&self.names);
        let has_room = names.as_ref().is_some_and(|names| names.len() < MOST_PRODUCTS);
        has_room && names.as_mut().is_some_and(|names| names.insert(named.to_owned()))
    }

    /// Forgets the names, because a transaction failed or places became free.
    pub(super) fn forget(&self) {
        *lock(&self.names) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_products_get_a_place_and_the_others_count_together() {
        let products = KnownProducts::default();
        assert!(products.is_unread() && !products.take_place("early"), "nothing is known yet");
        products.note(BTreeSet::from([DEFAULT_PRODUCT.to_owned()]));
        let taken = (0..100).filter(|number| products.take_place(&format!("product-{number}"))).count();
        assert_eq!(taken, MOST_PRODUCTS - 1);
        for (named, label) in
            [("product-0", "product-0"), ("product-99", OTHER_PRODUCT), ("coroot", "coroot")]
        {
            assert_eq!(products.label(named), label);
        }
        products.forget();
        assert_eq!(
            (products.label("product-0"), products.label("coroot")),
            ("other".into(), "coroot".into())
        );
    }
}
