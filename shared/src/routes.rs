//! Which pages there are, and under which key a view of each is counted.
//!
//! A key is made from the route table alone: the text of a URL never becomes part of one. A parameter is written as
//! `$name`, except that one with a closed list of values (`:tab(a|b)?`) is replaced by the value when it is on the list,
//! dropped when it is absent, and `other` when it is unknown. A path that matches no route is [`UNMATCHED`].

/// The key of a path that matches no route.
pub const UNMATCHED: &str = "(unmatched)";

/// What stands for a value that is not on the closed list of its parameter.
const OTHER: &str = "other";

/// The routes of the web interface, the first match wins.
pub const ROUTES: [&str; 8] = [
    "/",
    "/welcome",
    "/usage-statistics",
    "/p/new/:tab(prometheus|clickhouse|aws|inspections|applications|notifications|organization|ai|cloud)?",
    "/p/:projectId",
    "/p/:projectId/app/:id/:report(SLO|Instances|CPU|Memory|GPU|Storage|Net|Network|DNS|Logs|Postgres|Mysql|Redis|Mongodb|Memcached|JVM|.NET|Python|Node.js|Deployments|Profiling|Tracing)?",
    "/p/:projectId/node/:name",
    "/p/:projectId/settings/:tab(prometheus|clickhouse|aws|inspections|applications|notifications|organization|ai|cloud)?",
];

/// The key under which a view of `path` is counted. `path` is what the browser calls `location.pathname`, without the
/// base path; a slash at its end does not matter.
#[must_use]
pub fn page_key(path: &str) -> String {
    ROUTES.iter().find_map(|route| key_on(route, path)).unwrap_or_else(|| UNMATCHED.to_owned())
}

/// Every key that [`page_key`] can return.
#[must_use]
pub fn page_keys() -> Vec<String> {
    let mut keys = vec![UNMATCHED.to_owned()];
    keys.extend(ROUTES.iter().flat_map(|route| keys_of(route)));
    keys
}

/// One part of a route between two slashes.
enum Segment {
    Literal(&'static str),
    Parameter { name: &'static str, values: Option<&'static str>, optional: bool },
}

impl Segment {
    fn parse(text: &'static str) -> Self {
        let Some(parameter) = text.strip_prefix(':') else { return Self::Literal(text) };
        let (parameter, optional) = match parameter.strip_suffix('?') {
            Some(required) => (required, true),
            None => (parameter, false),
        };
        match parameter.trim_end_matches(')').split_once('(') {
            Some((name, values)) => Self::Parameter { name, values: Some(values), optional },
            None => Self::Parameter { name: parameter, values: None, optional },
        }
    }
}

/// The segments of a route, or of a path: none for `/`.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner.split('/').filter(move |_| !inner.is_empty())
}

fn push(key: &mut String, part: &str) {
    key.push('/');
    key.push_str(part);
}

fn finish(key: String) -> String {
    if key.is_empty() { "/".to_owned() } else { key }
}

/// The key of `path` if it matches `route`.
fn key_on(route: &'static str, path: &str) -> Option<String> {
    let mut rest = segments(path);
    let mut key = String::new();
    for segment in segments(route).map(Segment::parse) {
        match (segment, rest.next()) {
            (Segment::Literal(literal), Some(text)) if literal == text => push(&mut key, literal),
            (Segment::Parameter { optional: true, .. }, None) => {}
            (Segment::Parameter { name, values, .. }, Some(text)) if !text.is_empty() => match values {
                Some(values) => {
                    push(&mut key, values.split('|').find(|value| *value == text).unwrap_or(OTHER))
                }
                None => {
                    key.push_str("/$");
                    key.push_str(name);
                }
            },
            _ => return None,
        }
    }
    rest.next().is_none().then(|| finish(key))
}

/// Every key that `route` can give.
fn keys_of(route: &'static str) -> Vec<String> {
    let mut keys = vec![String::new()];
    for segment in segments(route).map(Segment::parse) {
        let parts: Vec<String> = match segment {
            Segment::Literal(literal) => vec![format!("/{literal}")],
            Segment::Parameter { name, values: None, optional } => {
                optional.then(String::new).into_iter().chain([format!("/${name}")]).collect()
            }
            Segment::Parameter { values: Some(values), optional, .. } => {
                let named = values.split('|').chain([OTHER]).map(|value| format!("/{value}"));
                optional.then(String::new).into_iter().chain(named).collect()
            }
        };
        keys = keys.iter().flat_map(|key| parts.iter().map(move |part| format!("{key}{part}"))).collect();
    }
    keys.into_iter().map(finish).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_become_their_keys() {
        let cases = [
            ("/", "/"),
            ("", "/"),
            ("/welcome", "/welcome"),
            ("/welcome/", "/welcome"),
            ("/usage-statistics", "/usage-statistics"),
            ("/p/new", "/p/new"),
            ("/p/new/prometheus", "/p/new/prometheus"),
            ("/p/new/secret", "/p/new/other"),
            ("/p/8f3k2j1x", "/p/$projectId"),
            ("/p/8f3k2j1x/", "/p/$projectId"),
            ("/p/abc/app/default:Deployment:shop", "/p/$projectId/app/$id"),
            ("/p/abc/app/default:Deployment:shop/SLO", "/p/$projectId/app/$id/SLO"),
            ("/p/abc/app/x/Node.js", "/p/$projectId/app/$id/Node.js"),
            ("/p/abc/app/x/slo", "/p/$projectId/app/$id/other"),
            ("/p/abc/app/x/john@example.com", "/p/$projectId/app/$id/other"),
            ("/p/abc/node/host-1.example.com", "/p/$projectId/node/$name"),
            ("/p/abc/settings", "/p/$projectId/settings"),
            ("/p/abc/settings/prometheus", "/p/$projectId/settings/prometheus"),
            ("/p/abc/settings/acme", "/p/$projectId/settings/other"),
            ("/p", "(unmatched)"),
            ("/p/", "(unmatched)"),
            ("/p//app/x", "(unmatched)"),
            ("//", "/"),
            ("/p/abc/acme-secret", "(unmatched)"),
            ("/p/abc/app", "(unmatched)"),
            ("/p/abc/app/x/SLO/more", "(unmatched)"),
            ("/login?user=me", "(unmatched)"),
        ];
        for (path, key) in cases {
            assert_eq!(page_key(path), key, "{path}");
        }
    }

    #[test]
    fn the_keys_are_distinct_and_within_their_bounds() {
        let keys = page_keys();
        assert_eq!(keys.len(), keys.iter().collect::<HashSet<_>>().len());
        assert!(keys.len() <= crate::limits::PAGES_PER_REPORT);
        assert!(keys.iter().all(|key| key.len() <= crate::limits::PAGE_KEY_BYTES));
        for key in [
            "/",
            "/p/$projectId/app/$id",
            "/p/$projectId/app/$id/SLO",
            "/p/$projectId/settings/other",
            UNMATCHED,
        ] {
            assert!(keys.iter().any(|known| known == key), "{key}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_table_entries_comes_out(path in "(/(p|new|app|node|settings|SLO|[a-z$:?.%]{0,6})){0,6}/?") {
            prop_assert!(page_keys().contains(&page_key(&path)), "{}", path);
        }
    }
}
