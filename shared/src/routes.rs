//! Which pages there are, and under which key a view of each is counted.
//!
//! A key is made from the route table alone: the text of a path never becomes part of one. Templates are written as the
//! routers of Vue, React and Leptos write them, segment by segment:
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

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};
use core::fmt;

use crate::limits::{PAGE_KEY_BYTES, PAGES_PER_REPORT};

/// The key of a path that matches no route.
pub const UNMATCHED: &str = "(unmatched)";

/// What stands for a value that is not on the closed list of its parameter.
const OTHER: &str = "other";

/// The segments that a route has at most. A rank has four bits for each.
const SEGMENTS: usize = 16;

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

/// What stands before the name of a parameter in a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Placeholder {
    /// `$id`, as in the documentation of the report.
    #[default]
    Dollar,
    /// `:id`, as in a route.
    Colon,
}

impl Placeholder {
    const fn mark(self) -> char {
        match self {
            Self::Dollar => '$',
            Self::Colon => ':',
        }
    }
}

/// Why a template is not a route, in words for the one who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRoute {
    /// A segment is none of those that there are.
    Segment,
    /// A name, a value or a literal has a character that a key cannot have.
    Character,
    /// Something follows a segment that takes all that is left.
    AfterRest,
    /// More than sixteen segments.
    TooManySegments,
    /// A key would be longer than [`PAGE_KEY_BYTES`].
    KeyTooLong,
    /// The routes up to this one have more than [`PAGES_PER_REPORT`] keys.
    TooManyKeys,
}

impl BadRoute {
    /// The reason, as a sentence without its subject.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Segment => "has a segment that is not like text, :name, :name?, :name(a|b) or *",
            Self::Character => {
                "has white space, a quote, a backslash or a control character in a name or text"
            }
            Self::AfterRest => "goes on after a segment that takes all that is left",
            Self::TooManySegments => "has more than 16 segments",
            Self::KeyTooLong => "gives keys of more than 256 bytes",
            Self::TooManyKeys => "makes more than 512 keys together with those before it",
        }
    }
}

impl fmt::Display for BadRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for BadRoute {}

/// The routes of a product. Of several that match a path the most specific one counts: text before a listed value before
/// a parameter before a rest, segment by segment; of equal ones the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteTable {
    routes: Vec<String>,
    keys: usize,
}

impl RouteTable {
    /// The table of [`ROUTES`].
    #[must_use]
    pub fn of_the_interface() -> Self {
        Self {
            routes: ROUTES.map(ToOwned::to_owned).to_vec(),
            keys: ROUTES.iter().map(|route| key_count(route)).sum(),
        }
    }

    /// Adds a route.
    ///
    /// # Errors
    /// [`BadRoute`]; the table is as before.
    pub fn add(&mut self, template: &str) -> Result<(), BadRoute> {
        check(template)?;
        let keys = self.keys.saturating_add(key_count(template));
        if keys > PAGES_PER_REPORT {
            return Err(BadRoute::TooManyKeys);
        }
        self.keys = keys;
        self.routes.push(template.to_owned());
        Ok(())
    }

    /// The templates, in the order in which they were added.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(String::as_str)
    }

    /// The key under which a view of `path` is counted. `path` is what the browser calls `location.pathname`, without
    /// the base path; a slash at its end does not matter.
    #[must_use]
    pub fn page_key(&self, path: &str, placeholder: Placeholder) -> String {
        let path: Vec<&str> = path_segments(path).collect();
        let mut best: Option<Match> = None;
        for route in &self.routes {
            let route: Vec<Segment<'_>> = segments(route).map(Segment::parse).collect();
            let found = Match::default().on(&route, &path, placeholder);
            if let Some(found) = found
                && best.as_ref().is_none_or(|best| best.rank < found.rank)
            {
                best = Some(found);
            }
        }
        best.map_or_else(|| UNMATCHED.to_owned(), |best| finish(best.key))
    }

    /// Every key that [`Self::page_key`] can return.
    #[must_use]
    pub fn page_keys(&self, placeholder: Placeholder) -> Vec<String> {
        let mut keys: Vec<String> =
            self.routes.iter().flat_map(|route| keys_of(route, placeholder)).collect();
        keys.push(UNMATCHED.to_owned());
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// One part of a route between two slashes.
#[derive(Clone, Copy)]
enum Segment<'a> {
    Literal(&'a str),
    Parameter { prefix: &'a str, name: &'a str, values: Option<&'a str>, optional: bool, rest: bool },
}

impl<'a> Segment<'a> {
    fn parse(text: &'a str) -> Self {
        if let Some(name) = text.strip_prefix('*') {
            return Self::Parameter { prefix: "", name, values: None, optional: true, rest: true };
        }
        let Some((prefix, parameter)) = text.split_once(':') else { return Self::Literal(text) };
        let unmarked = parameter.trim_end_matches(['?', '*', '+']);
        let marks = parameter.as_bytes().get(unmarked.len()..).unwrap_or_default();
        let (name, pattern) = match unmarked.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, pattern)) => (name, Some(pattern)),
            None => (unmarked, None),
        };
        let anything = pattern == Some(".*");
        Self::Parameter {
            prefix,
            name,
            values: pattern.filter(|pattern| is_list(pattern)),
            optional: anything || marks.iter().any(|mark| matches!(mark, b'?' | b'*')),
            rest: anything || marks.iter().any(|mark| matches!(mark, b'*' | b'+')),
        }
    }

    /// How many keys there are for this segment alone.
    fn key_count(self) -> usize {
        let Self::Parameter { values, optional, .. } = self else { return 1 };
        usize::from(optional) + values.map_or(1, |values| values.split('|').count() + 1)
    }

    /// The longest text of this segment in a key, with its slash.
    fn key_bytes(self) -> usize {
        1 + match self {
            Self::Literal(text) => text.len(),
            Self::Parameter { prefix, values: Some(values), .. } => {
                prefix.len() + values.split('|').map(str::len).fold(OTHER.len(), usize::max)
            }
            Self::Parameter { prefix, name, .. } => prefix.len() + 1 + name.len(),
        }
    }

    fn check(self) -> Result<(), BadRoute> {
        let texts = match self {
            Self::Literal(text) => [text, "", ""],
            Self::Parameter { prefix, name, values, .. } => {
                let is_named = !name.is_empty()
                    || (prefix.is_empty() && matches!(self, Self::Parameter { rest: true, .. }));
                let is_name = name.chars().all(|character| character.is_alphanumeric() || character == '_');
                if !is_named || !is_name {
                    return Err(BadRoute::Segment);
                }
                [prefix, name, values.unwrap_or_default()]
            }
        };
        let is_bad = |character: char| {
            matches!(character, '"' | '\\') || character.is_whitespace() || character.is_control()
        };
        if texts.iter().any(|text| text.contains(is_bad)) {
            return Err(BadRoute::Character);
        }
        Ok(())
    }
}

/// Whether what stands in parentheses is a list of values and not a pattern. A dot is taken for a dot.
fn is_list(pattern: &str) -> bool {
    !pattern.contains(['*', '+', '[', '\\', '^', '$', '(', '?', '{'])
        && pattern.split('|').all(|value| !value.is_empty())
}

/// The segments of a route: none for `/`. A slash in parentheses belongs to a pattern.
fn segments(route: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    route
        .split(move |character| {
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            character == '/' && depth == 0
        })
        .filter(|segment| !segment.is_empty())
}

/// The segments of a path: none for `/`. An empty one between two slashes is one, and matches nothing.
fn path_segments(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner.split('/').filter(move |_| !inner.is_empty())
}

fn check(template: &str) -> Result<(), BadRoute> {
    let mut bytes = 0;
    let mut ended = false;
    for (at, segment) in segments(template).map(Segment::parse).enumerate() {
        if at == SEGMENTS {
            return Err(BadRoute::TooManySegments);
        }
        if ended {
            return Err(BadRoute::AfterRest);
        }
        segment.check()?;
        ended = matches!(segment, Segment::Parameter { rest: true, .. });
        bytes += segment.key_bytes();
    }
    if bytes > PAGE_KEY_BYTES { Err(BadRoute::KeyTooLong) } else { Ok(()) }
}

fn key_count(template: &str) -> usize {
    segments(template).map(|segment| Segment::parse(segment).key_count()).fold(1, usize::saturating_mul)
}

/// A route that matches the beginning of a path, and how well.
#[derive(Clone, Default)]
struct Match {
    key: String,
    /// Four bits a segment, the first segment in the highest ones.
    rank: u64,
    segments: u32,
}

impl Match {
    /// The match of the whole of `path` with the whole of `route`, both without what matched already. A segment that may
    /// be absent is present if that is possible.
    fn on(self, route: &[Segment<'_>], path: &[&str], placeholder: Placeholder) -> Option<Self> {
        let Some((segment, route_left)) = route.split_first() else { return path.is_empty().then_some(self) };
        let Segment::Parameter { optional, rest, .. } = *segment else {
            let (text, path_left) = path.split_first()?;
            return self.with(*segment, text, placeholder)?.on(route_left, path_left, placeholder);
        };
        let present = path.split_first().and_then(|(text, path_left)| {
            let path_left = if rest { &[] } else { path_left };
            self.clone().with(*segment, text, placeholder)?.on(route_left, path_left, placeholder)
        });
        present.or_else(|| if optional { self.on(route_left, path, placeholder) } else { None })
    }

    /// This match with one more segment, if that matches `text`.
    fn with(mut self, segment: Segment<'_>, text: &str, placeholder: Placeholder) -> Option<Self> {
        self.key.push('/');
        let specific = match segment {
            Segment::Literal(literal) => {
                is_same(literal, text).then_some(())?;
                self.key.push_str(literal);
                5
            }
            Segment::Parameter { prefix, name, values, rest, .. } => {
                let value = text.strip_prefix(prefix).filter(|value| rest || !value.is_empty())?;
                self.key.push_str(prefix);
                match values.map(|values| values.split('|').find(|known| is_same(known, value))) {
                    Some(Some(known)) => {
                        self.key.push_str(known);
                        4
                    }
                    Some(None) => {
                        self.key.push_str(OTHER);
                        2
                    }
                    None => {
                        push_name(&mut self.key, name, placeholder);
                        if rest { 1 } else { 3 }
                    }
                }
            }
        };
        self.rank |= specific << (60 - 4 * self.segments);
        self.segments += 1;
        Some(self)
    }
}

fn push_name(key: &mut String, name: &str, placeholder: Placeholder) {
    key.push(if name.is_empty() { '*' } else { placeholder.mark() });
    key.push_str(name);
}

fn finish(key: String) -> String {
    if key.is_empty() { "/".to_owned() } else { key }
}

/// Whether `text`, in which browsers write what is not ASCII as `%C3%BC`, says `literal`.
fn is_same(literal: &str, text: &str) -> bool {
    let mut left = text.as_bytes();
    literal.bytes().all(|byte| first_byte(&mut left) == Some(byte)) && left.is_empty()
}

/// Takes the first byte of what percent signs may stand in. A percent sign without two digits stands for itself.
fn first_byte(text: &mut &[u8]) -> Option<u8> {
    if let [b'%', high, low, left @ ..] = *text
        && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
    {
        *text = left;
        return u8::try_from(high * 16 + low).ok();
    }
    let (first, left) = text.split_first()?;
    *text = left;
    Some(*first)
}

/// Every key that `route` can give.
fn keys_of(route: &str, placeholder: Placeholder) -> Vec<String> {
    let mut keys = vec![String::new()];
    for segment in segments(route).map(Segment::parse) {
        let parts = parts_of(segment, placeholder);
        keys =
            keys.iter().flat_map(|key| parts.iter().map(move |part| [key.as_str(), part].concat())).collect();
    }
    keys.into_iter().map(finish).collect()
}

/// What `segment` can add to a key.
fn parts_of(segment: Segment<'_>, placeholder: Placeholder) -> Vec<String> {
    match segment {
        Segment::Literal(text) => vec![["/", text].concat()],
        Segment::Parameter { prefix, name, values, optional, .. } => {
            let mut parts: Vec<String> = optional.then(String::new).into_iter().collect();
            match values {
                Some(values) => {
                    parts.extend(values.split('|').chain([OTHER]).map(|value| ["/", prefix, value].concat()));
                }
                None => {
                    let mut part = ["/", prefix].concat();
                    push_name(&mut part, name, placeholder);
                    parts.push(part);
                }
            }
            parts
        }
    }
}

#[cfg(test)]
mod tests;
