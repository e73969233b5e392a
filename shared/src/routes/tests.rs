//! Tests routes, their keys, and what a path can contribute to a key.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::limits::{PAGE_KEY_BYTES, PAGES_PER_REPORT};

fn table(templates: &[&str]) -> RouteTable {
    let mut table = RouteTable::default();
    for template in templates {
        table.add(template).unwrap_or_else(|bad| panic!("{template} {bad}"));
    }
    table
}

fn key(templates: &[&str], path: &str) -> String {
    table(templates).page_key(path, KeyPlaceholder::Dollar)
}

#[test]
fn paths_of_the_interface_become_their_keys() {
    let interface = RouteTable::of_the_interface();
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
        assert_eq!(interface.page_key(path, KeyPlaceholder::Dollar), key, "{path}");
    }
}

#[test]
fn the_interface_is_a_table_like_any_other() {
    let mut table = RouteTable::default();
    for route in ROUTES {
        assert_eq!(table.add(route), Ok(()), "{route}");
    }
    assert_eq!(table, RouteTable::of_the_interface());
}

#[test]
fn every_kind_of_segment_matches_what_it_says() {
    let cases: [(&str, &[(&str, &str)]); 12] = [
        ("/a/:x?", &[("/a", "/a"), ("/a/1", "/a/$x"), ("/a/1/2", "(unmatched)")]),
        (
            "/a/:x?/c",
            &[("/a/c", "/a/c"), ("/a/b/c", "/a/$x/c"), ("/a/c/c", "/a/$x/c"), ("/a", "(unmatched)")],
        ),
        ("/a/:t(b|c)?/d", &[("/a/d", "/a/d"), ("/a/b/d", "/a/b/d"), ("/a/z/d", "/a/other/d")]),
        ("/:lang(de|en)", &[("/de", "/de"), ("/fr", "/other"), ("/", "(unmatched)")]),
        ("/u/@:name", &[("/u/@ann", "/u/@$name"), ("/u/ann", "(unmatched)"), ("/u/@", "(unmatched)")]),
        ("/n/:id(\\d+)", &[("/n/7", "/n/$id"), ("/n/x", "/n/$id")]),
        ("/n/:id([^/]+)/x", &[("/n/7/x", "/n/$id/x"), ("/n/7", "(unmatched)")]),
        ("/f/*", &[("/f", "/f"), ("/f/a", "/f/*"), ("/f/a/b/c", "/f/*"), ("/g", "(unmatched)")]),
        ("/f/:path(.*)*", &[("/f", "/f"), ("/f/a/b", "/f/$path")]),
        ("/f/*any", &[("/f", "/f"), ("/f/a/b", "/f/$any")]),
        ("/f/:path+", &[("/f", "(unmatched)"), ("/f/a/b", "/f/$path")]),
        ("*", &[("/", "/"), ("/x/y", "/*")]),
    ];
    for (route, paths) in cases {
        for (path, expected) in paths {
            assert_eq!(key(&[route], path), *expected, "{route} {path}");
        }
    }
}

#[test]
fn the_most_specific_route_counts_and_of_equal_ones_the_first() {
    let cases: [(&[&str], &str, &str); 7] = [
        (&["/p/:id", "/p/new"], "/p/new", "/p/new"),
        (&["/*", "/p/:id", "/p/:tab(a|b)"], "/p/a", "/p/a"),
        (&["/p/:tab(a|b)", "/p/:id"], "/p/c", "/p/$id"),
        (&["/p/:id", "/p/:name"], "/p/x", "/p/$id"),
        (&["/:a/:b/c", "/x/*"], "/x/y/c", "/x/*"),
        (&["/p/:id", "/p/:id/:more?"], "/p/x", "/p/$id"),
        (&["*", "/p/:id?"], "/p", "/p"),
    ];
    for (routes, path, expected) in cases {
        assert_eq!(key(routes, path), expected, "{routes:?} {path}");
    }
}

#[test]
fn text_that_browsers_escape_is_the_same_text() {
    let cases = [
        ("/über/:id", "/%C3%BCber/1", "/über/$id"),
        ("/über/:id", "/%c3%bcber/1", "/über/$id"),
        ("/a b", "/a%20b", "(unmatched)"),
        ("/100%/:id", "/100%/1", "/100%/$id"),
        ("/:t(naïve|plain)", "/na%C3%AFve", "/naïve"),
        ("/app", "/ap%70", "/app"),
        ("/app", "/app%", "(unmatched)"),
    ];
    for (route, path, expected) in cases {
        let mut table = RouteTable::default();
        let key = table
            .add(route)
            .map_or_else(|_| UNMATCHED.to_owned(), |()| table.page_key(path, KeyPlaceholder::Dollar));
        assert_eq!(key, expected, "{route} {path}");
    }
}

#[test]
fn the_placeholder_is_the_one_that_was_asked_for() {
    let table = table(&["/p/:projectId/app/:id/:report(SLO)?", "/f/*rest", "*"]);
    let keys = |placeholder| ["/p/a/app/b/SLO", "/f/x", "/z"].map(|path| table.page_key(path, placeholder));
    assert_eq!(keys(KeyPlaceholder::Dollar), ["/p/$projectId/app/$id/SLO", "/f/$rest", "/*"]);
    assert_eq!(keys(KeyPlaceholder::Colon), ["/p/:projectId/app/:id/SLO", "/f/:rest", "/*"]);
}

#[test]
fn a_template_that_is_no_route_is_refused_and_changes_nothing() {
    let long = "/x".repeat(17);
    let wide = ["/", &"x".repeat(PAGE_KEY_BYTES)].concat();
    let many = ["/:v(", &(0..600).map(|value| value.to_string()).collect::<Vec<_>>().join("|"), ")"].concat();
    let cases: [(&str, BadRoute); 18] = [
        ("/p/:", BadRoute::Segment),
        ("/p/:a-:b", BadRoute::Segment),
        ("/p/:id.json", BadRoute::Segment),
        ("/p/:(a|b)", BadRoute::Segment),
        ("/p/*a-b", BadRoute::Segment),
        ("/p/a b", BadRoute::Character),
        ("/p/a\"", BadRoute::Character),
        ("/p/:t(a|\u{7})", BadRoute::Character),
        ("/:r(x ?/:a(A|B|C)?/:a(A|B|C)?", BadRoute::Character),
        ("/:r([ ])", BadRoute::Character),
        ("/:r(x\u{a0})", BadRoute::Character),
        ("/:r(\\d\t+)", BadRoute::Character),
        ("/:r(x?/:a(A|B|C)?/:b", BadRoute::Parenthesis),
        ("/:r(\\()", BadRoute::Parenthesis),
        ("/*/x", BadRoute::AfterRest),
        (&long, BadRoute::TooManySegments),
        (&wide, BadRoute::KeyTooLong),
        (&many, BadRoute::TooManyKeys),
    ];
    for (template, bad) in cases {
        let mut table = table(&["/"]);
        assert_eq!(table.add(template), Err(bad), "{template}");
        assert_eq!(table, self::table(&["/"]));
    }
}

#[test]
fn the_keys_of_the_interface_are_distinct_and_within_their_bounds() {
    let keys = RouteTable::of_the_interface().page_keys(KeyPlaceholder::Dollar);
    assert_eq!(keys.len(), keys.iter().collect::<HashSet<_>>().len());
    assert!(keys.len() <= PAGES_PER_REPORT);
    assert!(keys.iter().all(|key| key.len() <= PAGE_KEY_BYTES));
    for key in
        ["/", "/p/$projectId/app/$id", "/p/$projectId/app/$id/SLO", "/p/$projectId/settings/other", UNMATCHED]
    {
        assert!(keys.iter().any(|known| known == key), "{key}");
    }
}

/// Templates of all kinds, and some that are refused.
fn template() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[a-c]{1,2}",
        ":[a-c]{1,2}\\??",
        "@:[a-c]",
        ":[a-c]\\([a-c]\\|[a-c]{2}\\)\\??",
        ":[a-c]\\(\\\\d\\+\\)",
        "[*+:?().|é]{0,3}",
        Just("*".to_owned()),
        ":[a-c]\\(\\.\\*\\)\\*?",
    ];
    proptest::collection::vec(segment, 0..5).prop_map(|segments| ["/", &segments.join("/")].concat())
}

#[test]
fn a_route_that_was_not_checked_gives_no_more_keys_than_a_report_has() {
    let table = RouteTable::unchecked("/:a(A|B|C)".repeat(9));
    assert_eq!(table.page_keys(KeyPlaceholder::Dollar).len(), PAGES_PER_REPORT + 1);
}

/// Lines that are hard to parse: white space, parentheses and marks anywhere.
fn line() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just("/".to_owned()),
            Just(":a".to_owned()),
            Just("(A|B|C)".to_owned()),
            "[ \t\u{a0}\u{2028}]",
            "[()?*+|\\\\x.\"]",
            any::<char>().prop_map(String::from),
        ],
        0..40,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_line_is_one_route_within_the_bounds_or_refused(lines in proptest::collection::vec(line(), 1..8)) {
        let (mut table, mut added) = (RouteTable::default(), Vec::new());
        for line in &lines {
            if table.add(line).is_ok() {
                added.push(line.as_str());
            }
        }
        let kept: Vec<&str> = table.templates().collect();
        prop_assert_eq!(kept, added.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>());
        let keys = table.page_keys(KeyPlaceholder::Dollar);
        prop_assert!(keys.len() <= PAGES_PER_REPORT + 1, "{} keys", keys.len());
        for key in keys {
            prop_assert!(key.len() <= PAGE_KEY_BYTES, "{key}");
            prop_assert!(!key.contains(|c: char| c.is_whitespace() || c.is_control()), "{key:?}");
        }
    }
}

proptest! {
    #[test]
    fn nothing_but_table_entries_comes_out(
        templates in proptest::collection::vec(template(), 0..6),
        paths in proptest::collection::vec("(/([a-c]{1,2}|@[a-c]|secret|[a-c:$%?*().|é\"]{0,4})){0,5}/?", 1..20),
        colon in any::<bool>(),
    ) {
        let placeholder = if colon { KeyPlaceholder::Colon } else { KeyPlaceholder::Dollar };
        let mut table = RouteTable::default();
        for template in &templates {
            let _refused = table.add(template);
        }
        let keys = table.page_keys(placeholder);
        for path in &paths {
            let key = table.page_key(path, placeholder);
            prop_assert!(keys.contains(&key), "{path} gives {key}");
            prop_assert!(!key.contains("secret"), "{path} gives {key}");
            prop_assert!(key.len() <= PAGE_KEY_BYTES && !key.contains(['"', '\\']), "{key}");
        }
    }

    #[test]
    fn a_path_made_of_a_template_matches_it_alone_in_a_table(template in template(), text in "[d-z]{1,8}") {
        let mut table = RouteTable::default();
        prop_assume!(table.add(&template).is_ok());
        // Every segment is present, and every parameter has a text.
        let (mut path, mut left) = (String::new(), template.as_str());
        while let Some((segment, after)) = RouteSegment::first(left) {
            let (prefix, text) = match segment {
                RouteSegment::Literal(literal) => ("", literal),
                RouteSegment::Parameter { prefix, .. } => (prefix, text.as_str()),
            };
            path.extend(["/", prefix, text]);
            left = after;
        }
        let key = table.page_key(&path, KeyPlaceholder::Dollar);
        prop_assert_ne!(&key, UNMATCHED, "{} {}", template, path);
        prop_assert!(!key.contains(&text) || key.contains(OTHER), "{} gives {}", path, key);
    }
}
