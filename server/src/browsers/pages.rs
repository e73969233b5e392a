//! Under which keys can a page view be counted?

use headcount_shared::routes::{Placeholder, RouteTable};

/// Every key of the web interface, and every key of the product in both styles: `/p/$id` and `/p/:id`. A key is counted as
/// it comes, so each product has numbers in its own style.
pub fn page_keys(product: Option<&RouteTable>) -> Vec<String> {
    let mut keys = RouteTable::of_the_interface().page_keys(Placeholder::Dollar);
    for style in [Placeholder::Dollar, Placeholder::Colon] {
        keys.extend(product.iter().flat_map(|table| table.page_keys(style)));
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_product_adds_its_keys_in_both_styles_and_takes_none_away() {
        let mut product = RouteTable::default();
        product.add("/p/:projectId/applications/:id/:report(SLO)?").unwrap();
        let alone: HashSet<String> = page_keys(None).into_iter().collect();
        let together: HashSet<String> = page_keys(Some(&product)).into_iter().collect();
        assert!(together.is_superset(&alone));
        let mut added: Vec<&str> = together.difference(&alone).map(String::as_str).collect();
        added.sort_unstable();
        assert_eq!(
            added,
            [
                "/p/$projectId/applications/$id",
                "/p/$projectId/applications/$id/SLO",
                "/p/$projectId/applications/$id/other",
                "/p/:projectId/applications/:id",
                "/p/:projectId/applications/:id/SLO",
                "/p/:projectId/applications/:id/other",
            ]
        );
    }
}
