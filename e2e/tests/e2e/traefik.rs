//! Evaluates the Traefik snippet of `docs/operating.md` by the documented rules of Traefik, and tests what it
//! exposes.

use std::{fs, path::Path};

use crate::proxies::{FLEET, PRIVATE};

/// A parser for a rule.
struct RuleParser<'a> {
    left: &'a str,
    host: &'a str,
    path: &'a str,
}

impl RuleParser<'_> {
    /// Whether a request matches a rule. Panics if the rule cannot be parsed to its end.
    fn matches(rule: &str, host: &str, path: &str) -> bool {
        let mut rule = RuleParser { left: rule, host, path };
        let matches = rule.any();
        assert_eq!(rule.left, "", "the end of the rule is not understood");
        matches
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.takes("||") {
            // Both sides are parsed, whatever the value of the first one.
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.takes("&&") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.takes("(") {
            let holds = self.any();
            assert!(self.takes(")"), "a bracket is closed: {}", self.left);
            return holds;
        }
        let (name, rest) = self.left.split_once("(`").expect("a matcher");
        let (argument, rest) = rest.split_once("`)").expect("its argument");
        self.left = rest.trim_start();
        match name {
            "Host" => self.host.eq_ignore_ascii_case(argument),
            "Path" => self.path == argument,
            "PathPrefix" => self.path.starts_with(argument),
            other => panic!("the matcher {other} is not known here"),
        }
    }

    fn takes(&mut self, token: &str) -> bool {
        let rest = self.left.strip_prefix(token);
        self.left = rest.map_or(self.left, str::trim_start);
        rest.is_some()
    }
}

/// The rules of the snippet.
fn rules() -> Vec<String> {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating.md");
    let manual = fs::read_to_string(manual).unwrap();
    let (_, snippet) = manual.split_once("```yaml\nhttp:\n").unwrap();
    let (snippet, _) = snippet.split_once("```").unwrap();
    let rules = snippet.lines().filter_map(|line| line.trim().strip_prefix("rule: "));
    rules.map(str::to_owned).collect()
}

#[test]
fn the_snippet_for_traefik_lets_out_what_is_public_and_nothing_else() {
    let (shop, fleet) = ("shop.example.com", "fleet.example.com");
    let rules = rules();
    assert_eq!(rules.len(), 2);
    let goes_out =
        |host, path: &str| rules.iter().filter(|rule| RuleParser::matches(rule, host, path)).count();
    for path in ["stats", "static/tracker.js", "static/tracker_bg.wasm"] {
        assert_eq!(goes_out(shop, &format!("/stats-of-mine/{path}")), 1, "{path}");
    }
    for path in ["usage-statistics", "usage-statistics/deletion", "keys"] {
        assert_eq!(goes_out(fleet, &format!("/ce/{path}")), 1, "{path}");
    }
    for (_, path) in PRIVATE {
        assert_eq!(goes_out(shop, &format!("/stats-of-mine/{path}")), 0, "{path}");
    }
    for (_, path) in FLEET {
        assert_eq!(goes_out(fleet, &format!("/{path}")), 0, "{path}");
    }
    for (host, path) in [(fleet, "/stats-of-mine/stats"), (shop, "/ce/usage-statistics")] {
        assert_eq!(goes_out(host, path), 0, "{host}{path}");
    }
}
