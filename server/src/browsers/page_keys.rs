//! Maps posted page keys to the keys under which page views are counted.

use std::{collections::HashMap, sync::Arc};

use headcount_shared::{
    limits::PAGE_KEY_BYTES,
    routes::{KeyPlaceholder, RouteTable, UNMATCHED},
};

/// Every key of the web interface, and every key of the product in both styles: `/p/$id` and `/p/:id`. A key
/// is counted in the style in which it is posted, so that each product has its own style in reports.
pub fn page_keys(product: Option<&RouteTable>) -> Vec<String> {
    let mut keys = RouteTable::of_the_interface().page_keys(KeyPlaceholder::Dollar);
    for style in [KeyPlaceholder::Dollar, KeyPlaceholder::Colon] {
        keys.extend(product.iter().flat_map(|table| table.page_keys(style)));
    }
    keys
}

/// The keys of all pages, and the lookup of posted ones.
#[derive(Debug)]
pub(super) struct PageKeys {
    keys: HashMap<String, Arc<str>>,
    unmatched: Arc<str>,
}

impl PageKeys {
    pub(super) fn new(keys: impl IntoIterator<Item = String>) -> Self {
        let keys = keys.into_iter().map(|key| (key.clone(), key.into())).collect();
        Self { keys, unmatched: UNMATCHED.into() }
    }

    /// The key for what a browser posts; `(unmatched)` if there is none. The frontend of Coroot makes its
    /// keys from route templates: an absent segment leaves a slash, `?` stays after a parameter, and words
    /// between colons describe the appearance of the page. All of that is ignored.
    pub(super) fn meant(&self, posted: &str) -> &Arc<str> {
        let found = self.keys.get(posted).or_else(|| {
            let plain = plain(posted).filter(|plain| plain.len() <= PAGE_KEY_BYTES)?;
            self.keys.get(&plain).or_else(|| self.without_appearance(&plain))
        });
        found.unwrap_or(&self.unmatched)
    }

    /// The longest key that remains without the words between colons that describe the appearance.
    fn without_appearance(&self, posted: &str) -> Option<&Arc<str>> {
        let (page, last) = posted.rsplit_once('/')?;
        let appended = (1..last.len()).rev().find_map(|at| {
            let (segment, appearance) = last.split_at_checked(at)?;
            let key = || self.keys.get(&format!("{page}/{segment}"));
            appearance.contains(':').then(key).flatten()
        });
        // A single colon may belong to the id of something.
        let alone = || (last.matches(':').count() > 1).then(|| self.keys.get(page)).flatten();
        appended.or_else(alone)
    }
}

/// A key without empty segments, and without `?` and what follows it in a segment. `None` if it is not a
/// path.
fn plain(posted: &str) -> Option<String> {
    if !posted.is_empty() && !posted.starts_with('/') {
        return None;
    }
    let segments = posted.split('/').filter_map(|segment| segment.split('?').next());
    let plain: String =
        segments.filter(|segment| !segment.is_empty()).flat_map(|segment| ["/", segment]).collect();
    Some(if plain.is_empty() { "/".to_owned() } else { plain })
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

    #[test]
    fn what_browsers_of_coroot_post_is_the_page_that_it_means() {
        let pages = PageKeys::new(page_keys(Some(&RouteTable::of_coroot())));
        for (posted, meant) in [
            // Of version 1.6.
            ("", "/"),
            ("/p/$projectId/?/$app?", "/p/$projectId/$app"),
            ("/p/$projectId/health?/$app?", "/p/$projectId/health/$app"),
            ("/p/$projectId/app/$id/SLO?", "/p/$projectId/app/$id/SLO"),
            ("/p/$projectId/app/$id/?", "/p/$projectId/app/$id"),
            ("/p/$projectId/app?/$app?", "/p/$projectId/app/$app"),
            ("/p/$projectId/settings/prometheus?", "/p/$projectId/settings/prometheus"),
            ("/p/$projectId/settings/?", "/p/$projectId/settings"),
            ("/p/settings/$tab?", "/p/settings/$tab"),
            ("/p/$projectId/node/$name", "/p/$projectId/node/$name"),
            ("/p/$projectId/traces?/$app?overview::selection:service:span::", "/p/$projectId/traces/$app"),
            ("/p/$projectId/app/$id/Logs?agent:messages:error::search", "/p/$projectId/app/$id/Logs"),
            // Of earlier ones.
            ("/p/$projectId/app/$id/", "/p/$projectId/app/$id"),
            ("/p/$projectId/settings/$tab?", "/p/$projectId/settings/$tab"),
            ("/p/$projectId/map?", "/p/$projectId/map"),
            // Of later ones.
            ("/p/:projectId///", "/p/:projectId"),
            ("/p/:projectId/applications//", "/p/:projectId/applications"),
            ("/p/:projectId/applications/:id/", "/p/:projectId/applications/:id"),
            ("/p/:projectId/applications/:id/SLO", "/p/:projectId/applications/:id/SLO"),
            ("/p/:projectId/settings/ai", "/p/:projectId/settings/ai"),
            ("/p/:projectId/nodes/:id/", "/p/:projectId/nodes/:id"),
            (
                "/p/:projectId/applications/:id/Profilingcpu:flame:ts",
                "/p/:projectId/applications/:id/Profiling",
            ),
            ("/p/:projectId/applications/:id/Node.jscpu::", "/p/:projectId/applications/:id/Node.js"),
            ("/p/:projectId/traces//overview::::::aux", "/p/:projectId/traces"),
            ("/p/:projectId/traces//::::::", "/p/:projectId/traces"),
        ] {
            assert_eq!(&**pages.meant(posted), meant, "{posted}");
        }
    }

    #[test]
    fn free_text_is_no_page() {
        let pages = PageKeys::new(page_keys(Some(&RouteTable::of_coroot())));
        for posted in [
            "p/$projectId",
            "?",
            "/p/$projectId/john@example.com?/$app?",
            "/p/:projectId/john@example.com//",
            "/p/8f3k2j1x",
            "/p/:projectId/applications/:id/SLOs",
            "/p/:projectId/applications/default:Deployment:shop/SLO",
            "/p/:projectId/kind:name",
            &"/p/:projectId".repeat(100),
            &format!("/p/:projectId/{}", ":".repeat(300)),
        ] {
            assert_eq!(&**pages.meant(posted), UNMATCHED, "{posted}");
        }
    }
}
