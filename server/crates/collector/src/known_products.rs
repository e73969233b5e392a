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
    state: Mutex<ProductPlaces>,
}

#[derive(Debug, Default)]
struct ProductPlaces {
    /// With those of the open transaction; `None` while the database has to be asked.
    names: Option<BTreeSet<String>>,
    /// Those of the last transaction that was committed.
    committed: BTreeSet<String>,
}

impl KnownProducts {
    /// What a report of the product counts as without getting a place: the product itself if it has one.
    pub(super) fn label(&self, named: &str) -> String {
        let is_known = || {
            let state = lock(&self.state);
            state.names.as_ref().unwrap_or(&state.committed).contains(named)
        };
        let is_known = named == DEFAULT_PRODUCT || is_known();
        if is_known { named } else { OTHER_PRODUCT }.to_owned()
    }

    /// Whether the names have to be read from the database.
    pub(super) fn is_unread(&self) -> bool {
        lock(&self.state).names.is_none()
    }

    /// Notes the products that have a place.
    pub(super) fn note(&self, names: BTreeSet<String>) {
        *lock(&self.state) = ProductPlaces { committed: names.clone(), names: Some(names) };
    }

    /// Notes that the transaction was committed in which products got their places.
    pub(super) fn mark_committed(&self) {
        let ProductPlaces { names, committed } = &mut *lock(&self.state);
        if let Some(names) = names.as_ref().filter(|names| names.len() != committed.len()) {
            committed.clone_from(names);
        }
    }

    /// What a report of the product would count as if it was stored now: the product itself if it has a place or
    /// one is left.
    pub(super) fn label_if_stored(&self, named: &str) -> String {
        let has_room = || lock(&self.state).names.as_ref().is_some_and(|names| names.len() < MOST_PRODUCTS);
        if has_room() { named.to_owned() } else { self.label(named) }
    }

    /// Whether another product gets a place. It has one then.
    pub(super) fn take_place(&self, named: &str) -> bool {
        let names = &mut lock(&self.state).names;
        let has_room = names.as_ref().is_some_and(|names| names.len() < MOST_PRODUCTS);
        has_room && names.as_mut().is_some_and(|names| names.insert(named.to_owned()))
    }

    /// Forgets the places of a transaction that failed. Those before it are known.
    pub(super) fn forget(&self) {
        lock(&self.state).names = None;
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
        products.note(BTreeSet::from([DEFAULT_PRODUCT.to_owned()]));
        assert!(products.take_place("kept"));
        products.mark_committed();
        assert!(products.take_place("failed"));
        products.forget();
        assert!(products.is_unread());
        assert_eq!((products.label("kept"), products.label("failed")), ("kept".into(), "other".into()));
    }
}
