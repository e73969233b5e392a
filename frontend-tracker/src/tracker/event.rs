//! Builds the text of an event, and the key of its page.

use alloc::{borrow::ToOwned, string::String};

use headcount_shared::routes::{KeyPlaceholder, RouteTable, UNMATCHED};

use super::{device::BrowserIdentity, views::PageView};

/// The event of an opened page, as `headcount_shared::event::BrowserEvent` reads it.
///
/// It is written by hand, because a serialiser would be half of the tracker. No member needs escaping: a key
/// comes from the route table, the others from closed sets.
#[must_use]
pub fn body(view: &PageView, device: BrowserIdentity) -> String {
    let id = device.id.hyphenated();
    let mut buffer = uuid::Uuid::encode_buffer();
    let ephemeral = if device.ephemeral { r#","ephemeral":true"# } else { "" };
    [
        r#"{"type":"route-open","device_id":""#,
        id.encode_lower(&mut buffer),
        r#"","device_size":""#,
        view.size.as_str(),
        r#"","path":""#,
        &view.key,
        "\"",
        ephemeral,
        "}",
    ]
    .concat()
}

/// Looks up the key of a path.
#[derive(Debug, Default)]
pub struct PageLookup {
    /// The base path of the routes, with or without a slash at its end.
    pub base: String,
    /// The routes of the product.
    pub routes: RouteTable,
    /// How a key writes a parameter.
    pub placeholder: KeyPlaceholder,
}

impl PageLookup {
    /// The page key of `pathname`. A path outside of the base matches no route.
    #[must_use]
    pub fn key(&self, pathname: &str) -> String {
        match within(&self.base, pathname) {
            Some(path) => self.routes.page_key(path, self.placeholder),
            None => UNMATCHED.to_owned(),
        }
    }
}

/// `pathname` without `base`.
fn within<'a>(base: &str, pathname: &'a str) -> Option<&'a str> {
    let rest = pathname.strip_prefix(base.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use headcount_shared::{breakpoint::Breakpoint, event::BrowserEvent};
    use uuid::Uuid;

    use super::*;

    const ID: Uuid = Uuid::from_u128(0x2017_4a56_4a1e_41ca_a90d_b657_d1fa_873e);

    #[test]
    fn an_event_of_any_page_and_size_is_read_by_the_server() {
        for key in RouteTable::of_the_interface().page_keys(KeyPlaceholder::Dollar) {
            for (size, ephemeral) in Breakpoint::ALL.into_iter().zip([false, true].into_iter().cycle()) {
                let view = PageView { key: key.clone(), size };
                let text = body(&view, BrowserIdentity { id: ID, ephemeral });
                let event = BrowserEvent::parse(text.as_bytes()).unwrap();
                assert_eq!((event.device_id, event.device_size, event.path), (ID, size, key.clone()));
                assert_eq!(event.ephemeral, ephemeral);
            }
        }
    }

    #[test]
    fn an_event_is_the_documented_one() {
        let view = PageView { key: "/p/$projectId".to_owned(), size: Breakpoint::Lg };
        let text = body(&view, BrowserIdentity { id: ID, ephemeral: false });
        let documented = r#"{"type":"route-open","device_id":"20174a56-4a1e-41ca-a90d-b657d1fa873e","device_size":"lg","path":"/p/$projectId"}"#;
        assert_eq!(text, documented);
    }

    #[test]
    fn the_base_path_is_not_part_of_the_key() {
        let cases = [
            ("/", "/", "/"),
            ("/", "/p/acme", "/p/$projectId"),
            ("", "/p/acme", "/p/$projectId"),
            ("/tools/headcount/", "/tools/headcount/", "/"),
            ("/tools/headcount/", "/tools/headcount", "/"),
            ("/tools/headcount/", "/tools/headcount/p/acme", "/p/$projectId"),
            ("/tools/headcount", "/tools/headcount/p/acme/app/x/SLO", "/p/$projectId/app/$id/SLO"),
            ("/tools/headcount/", "/tools/headcounter/", "(unmatched)"),
            ("/tools/headcount/", "/p/acme", "(unmatched)"),
        ];
        for (base, pathname, key) in cases {
            let pages = PageLookup {
                base: base.to_owned(),
                routes: RouteTable::of_the_interface(),
                ..PageLookup::default()
            };
            assert_eq!(pages.key(pathname), key, "{base} {pathname}");
        }
    }
}
