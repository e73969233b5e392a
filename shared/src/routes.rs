//! Matches paths with route templates, and returns the key under which a view is counted.
//!
//! A key is made from the route table alone: the text of a path never becomes part of it. Templates use the
//! syntax of the routers of Vue, React and Leptos, segment by segment:
//!
//! | segment | matches | in the key |
//! |---|---|---|
//! | `app` | that text | `app` |
//! | `:id`, `@:id` | any text, after the same beginning | `$id`, `@$id` |
//! | `:tab(a\|b)` | any text | the value when it is on the list, `other` when it is not |
//! | `:id(\d+)` | any text: what a pattern would refuse is matched too | `$id` |
//! | `:id?` | also its absence | nothing when absent |
//! | `*`, `*rest`, `:rest*`, `:rest(.*)`, `:rest(.*)*` | all that is left, also nothing | `*`, `$rest`; nothing when absent |
//! | `:rest+` | all that is left | `$rest` |

use alloc::{borrow::ToOwned, string::String};

#[cfg(feature = "wire")]
pub use self::checked::BadRoute;

/// The key of a path that matches no route.
pub const UNMATCHED: &str = "(unmatched)";

/// Replaces a value that is not on the closed list of its parameter.
const OTHER: &str = "other";

/// The routes of the web interface.
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

/// The sign before the name of a parameter in a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyPlaceholder {
    /// `$id`, as in the documentation of the report.
    #[default]
    Dollar,
    /// `:id`, as in a route.
    Colon,
}

impl KeyPlaceholder {
    const fn mark(self) -> &'static str {
        match self {
            Self::Dollar => "$",
            Self::Colon => ":",
        }
    }
}

/// The routes of a product. If several match a path, the most specific one counts, segment by segment: text
/// before a listed value before a parameter before a rest; of equal ones the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteTable {
    /// Separated by white space.
    templates: String,
}

impl RouteTable {
    /// The table of `templates`, separated by white space, without checks. Templates that [`Self::add`] of a
    /// server refuses give keys that no server counts.
    #[must_use]
    pub const fn unchecked(templates: String) -> Self {
        Self { templates }
    }

    /// The templates, in the order in which they were added.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.templates.split_ascii_whitespace()
    }

    /// The key under which a view of `path` is counted. `path` is the browser's `location.pathname` without
    /// the base path; a slash at its end does not matter.
    #[must_use]
    pub fn page_key(&self, path: &str, placeholder: KeyPlaceholder) -> String {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let path = (!path.is_empty()).then_some(path);
        let mut best: Option<RouteMatch> = None;
        for template in self.templates() {
            let mut found = RouteMatch::default();
            if found.on(template, path, placeholder)
                && best.as_ref().is_none_or(|best| best.rank < found.rank)
            {
                best = Some(found);
            }
        }
        best.map_or_else(|| UNMATCHED.to_owned(), |best| finish(best.key))
    }
}

/// Splits a text at the first `byte`, an ASCII character.
fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|other| other == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The parts of `list` between `byte`s.
fn parts(list: &str, byte: u8) -> impl Iterator<Item = &str> {
    let mut left = Some(list);
    core::iter::from_fn(move || {
        let (part, after) = cut(left?, byte).map_or((left?, None), |(part, after)| (part, Some(after)));
        left = after;
        Some(part)
    })
}

/// One part of a route between two slashes.
#[derive(Clone, Copy)]
enum RouteSegment<'a> {
    Literal(&'a str),
    Parameter { prefix: &'a str, name: &'a str, values: Option<&'a str>, optional: bool, rest: bool },
}

impl<'a> RouteSegment<'a> {
    /// The first segment of a route and the rest of the route; `None` for `/`. A slash in parentheses belongs
    /// to a pattern.
    fn first(route: &'a str) -> Option<(Self, &'a str)> {
        let mut depth = 0_u32;
        let mut begin = 0;
        for (at, byte) in route.bytes().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                b'/' if depth == 0 && begin < at => {
                    return Some((Self::parse(route.get(begin..at)?), route.get(at..)?));
                }
                b'/' if depth == 0 => begin = at + 1,
                _ => {}
            }
        }
        let text = route.get(begin..)?;
        (!text.is_empty()).then(|| (Self::parse(text), ""))
    }

    fn parse(text: &'a str) -> Self {
        if let Some(name) = text.strip_prefix('*') {
            return Self::Parameter { prefix: "", name, values: None, optional: true, rest: true };
        }
        let Some((prefix, mut name)) = cut(text, b':') else { return Self::Literal(text) };
        let (mut optional, mut rest) = (false, false);
        while let [unmarked @ .., mark @ (b'?' | b'*' | b'+')] = name.as_bytes() {
            optional |= *mark != b'+';
            rest |= *mark != b'?';
            name = name.get(..unmarked.len()).unwrap_or_default();
        }
        let mut values = None;
        if let Some((before, pattern)) = name.strip_suffix(')').and_then(|name| cut(name, b'(')) {
            name = before;
            values = Some(pattern).filter(|pattern| is_list(pattern));
            optional |= pattern == ".*";
            rest |= pattern == ".*";
        }
        Self::Parameter { prefix, name, values, optional, rest }
    }
}

/// Whether a text in parentheses is a list of values and not a pattern. A dot is literal.
fn is_list(pattern: &str) -> bool {
    let has_sign = pattern
        .bytes()
        .any(|byte| matches!(byte, b'*' | b'+' | b'[' | b'\\' | b'^' | b'$' | b'(' | b'?' | b'{'));
    !has_sign && !parts(pattern, b'|').any(str::is_empty)
}

/// A partial match of a route, and how specific it is.
#[derive(Default)]
struct RouteMatch {
    key: String,
    /// Four bits per segment, the first segment in the highest ones.
    rank: u64,
    segments: u32,
}

impl RouteMatch {
    /// Whether the rest of `path` matches the rest of `route`. If not, this stays unchanged. An optional
    /// segment is present if that is possible.
    fn on(&mut self, route: &str, path: Option<&str>, placeholder: KeyPlaceholder) -> bool {
        let Some((segment, route)) = RouteSegment::first(route) else { return path.is_none() };
        let (optional, rest) = match segment {
            RouteSegment::Literal(_) => (false, false),
            RouteSegment::Parameter { optional, rest, .. } => (optional, rest),
        };
        if let Some(path) = path {
            let (text, left) = cut(path, b'/').map_or((path, None), |(text, left)| (text, Some(left)));
            let (key_bytes, rank) = (self.key.len(), self.rank);
            self.segments += 1;
            if let Some(specific) = self.push(segment, text, placeholder) {
                // An unchecked route may have more segments than the rank has places.
                self.rank |= specific.checked_shl(64_u32.wrapping_sub(4 * self.segments)).unwrap_or_default();
                if self.on(route, left.filter(|_| !rest), placeholder) {
                    return true;
                }
            }
            self.segments -= 1;
            self.key.truncate(key_bytes);
            self.rank = rank;
        }
        optional && self.on(route, path, placeholder)
    }

    /// Adds a segment to the key if it matches `text`, and returns how specific it is.
    fn push(&mut self, segment: RouteSegment<'_>, text: &str, placeholder: KeyPlaceholder) -> Option<u64> {
        self.key.push('/');
        let (prefix, name, values, rest) = match segment {
            RouteSegment::Literal(literal) => {
                self.key.push_str(literal);
                return is_same(literal, text).then_some(5);
            }
            RouteSegment::Parameter { prefix, name, values, rest, .. } => (prefix, name, values, rest),
        };
        let value = text.strip_prefix(prefix).filter(|value| rest || !value.is_empty())?;
        self.key.push_str(prefix);
        let Some(values) = values else {
            push_name(&mut self.key, name, placeholder);
            return Some(if rest { 1 } else { 3 });
        };
        let known = parts(values, b'|').find(|known| is_same(known, value));
        self.key.push_str(known.unwrap_or(OTHER));
        Some(if known.is_some() { 4 } else { 2 })
    }
}

fn push_name(key: &mut String, name: &str, placeholder: KeyPlaceholder) {
    key.push_str(if name.is_empty() { "*" } else { placeholder.mark() });
    key.push_str(name);
}

fn finish(key: String) -> String {
    if key.is_empty() { "/".to_owned() } else { key }
}

/// Whether `text` equals `literal` once percent signs are decoded: browsers encode what is not ASCII, as in
/// `%C3%BC`.
fn is_same(literal: &str, text: &str) -> bool {
    let mut left = text.as_bytes();
    literal.bytes().all(|byte| first_byte(&mut left) == Some(byte)) && left.is_empty()
}

/// Takes the first byte of a percent-encoded text. A percent sign without two digits is literal.
fn first_byte(text: &mut &[u8]) -> Option<u8> {
    let (first, left) = text.split_first()?;
    *text = left;
    if *first == b'%'
        && let [high, low, left @ ..] = left
        && let (Some(high), Some(low)) = (digit(*high), digit(*low))
    {
        *text = left;
        return Some(high << 4 | low);
    }
    Some(*first)
}

/// The value of a hexadecimal digit.
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' | b'A'..=b'F' => Some((byte & 0xf) + 9),
        _ => None,
    }
}

#[cfg(feature = "wire")]
mod checked;
#[cfg(feature = "wire")]
mod coroot;
#[cfg(test)]
mod tests;
