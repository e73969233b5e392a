//! Matches names against patterns such as `*/kube-*`.
//!
//! Patterns are those of Go's `filepath.Match`: `*` and `?` do not match `/`; `[a-z]` and `[^a-z]` match a
//! character of a class, `/` included; `\` escapes the next character. A malformed pattern matches nothing.

use std::{iter::Peekable, str::Chars};

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GlobPattern {
    /// The steps of the pattern; `None` if it is malformed.
    steps: Option<Vec<GlobStep>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum GlobStep {
    Literal(char),
    /// Any character but `/`.
    One,
    /// Any number of characters but `/`.
    Many,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl GlobPattern {
    /// Parses a pattern.
    pub(super) fn new(pattern: &str) -> Self {
        let mut rest = pattern.chars().peekable();
        let mut steps = Vec::new();
        while let Some(character) = rest.next() {
            let step = match character {
                '*' => Some(GlobStep::Many),
                '?' => Some(GlobStep::One),
                '[' => class(&mut rest),
                '\\' => rest.next().map(GlobStep::Literal),
                literal => Some(GlobStep::Literal(literal)),
            };
            match step {
                Some(step) => steps.push(step),
                None => return Self { steps: None },
            }
        }
        Self { steps: Some(steps) }
    }

    /// Whether the whole of `name` matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        let Some(steps) = &self.steps else { return false };
        let (mut step, mut rest) = (0, name.chars());
        // For backtracking to the last `*`: the step after it, and the text that it has not consumed yet.
        let mut retry: Option<(usize, Chars<'_>)> = None;
        loop {
            if matches!(steps.get(step), Some(GlobStep::Many)) {
                step += 1;
                retry = Some((step, rest.clone()));
                continue;
            }
            let mut next = rest.clone();
            let character = next.next();
            match (steps.get(step), character) {
                (None, None) => return true,
                (Some(wanted), Some(character)) if wanted.matches(character) => {
                    (step, rest) = (step + 1, next)
                }
                _ => {
                    let Some((after, untaken)) = retry.as_mut() else { return false };
                    // `*` consumes one more character, unless that is `/`.
                    if untaken.next().is_none_or(|taken| taken == '/') {
                        return false;
                    }
                    (step, rest) = (*after, untaken.clone());
                }
            }
        }
    }
}

/// Whether a text is a valid pattern.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    GlobPattern::new(text).steps.is_some()
}

impl GlobStep {
    fn matches(&self, character: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == character,
            Self::One => character != '/',
            Self::Many => false,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *negated
            }
        }
    }
}

/// Parses the class that follows `[`; `None` if it is empty or has no end.
fn class(rest: &mut Peekable<Chars<'_>>) -> Option<GlobStep> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.next_if_eq(&']').is_none() {
        let first = member(rest)?;
        let last = if rest.next_if_eq(&'-').is_some() { member(rest)? } else { first };
        ranges.push((first, last));
    }
    Some(GlobStep::Class { negated, ranges })
}

fn member(rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        character => Some(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_paths_do() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*", "", true),
            ("*", "a/b", false),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a?b", "aäb", true),
            ("a[^a]b", "aäb", true),
            ("a???b", "aäb", false),
            ("[a-ζ]*", "α", true),
            ("a?b", "a/b", false),
            ("a[^x]b", "a/b", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "ab", false),
            (r"[\]a]", "]", true),
            (r"[\-]", "-", true),
            (r"[x\-]", "-", true),
            (r"[x\-]", "z", false),
            ("*x", "xxx", true),
            ("*/*prometheus*", "a/kube-prometheus-0", true),
            ("*/kubelet", "_/kubelet", true),
            ("_/*apt*", "_/apt-daily", true),
            ("openshift*/*", "openshift-dns/x", true),
        ] {
            assert_eq!(GlobPattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_malformed_pattern_matches_nothing() {
        for (pattern, name) in [
            ("[]a]", "]"),
            ("[-]", "-"),
            ("[x-]", "x"),
            ("[-x]", "x"),
            ("[a-b-c]", "a"),
            ("[", "a"),
            ("[^", "a"),
            ("[^bc", "a"),
            ("a[", "a"),
            ("a[", "ab"),
            ("a[", "x"),
            ("a\\", "a"),
            ("a/b[", "x"),
        ] {
            assert!(!GlobPattern::new(pattern).matches(name), "{pattern} {name}");
        }
    }
}
