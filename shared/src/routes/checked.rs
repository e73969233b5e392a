//! Checks route templates, and lists the keys of a route table. A server counts no other keys.

use std::fmt;

use super::{KeyPlaceholder, OTHER, ROUTES, RouteSegment, RouteTable, UNMATCHED, finish, push_name};
use crate::limits::{PAGE_KEY_BYTES, PAGES_PER_REPORT};

/// The most segments of a route. A rank has four bits for each.
const SEGMENTS: usize = 16;

/// Why a template is not a valid route, in words for its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRoute {
    /// A segment has an unknown form.
    Segment,
    /// It contains white space or a control character, or a name, a value or a literal has a character that a
    /// key cannot have.
    Character,
    /// A parenthesis is not closed: the rest would belong to the pattern.
    Parenthesis,
    /// Something follows a segment that matches the rest of a path.
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
                "has white space or a control character, or a quote or a backslash in a name or text"
            }
            Self::Parenthesis => "has a parenthesis that is not closed",
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

impl std::error::Error for BadRoute {}

impl RouteTable {
    /// The table of [`ROUTES`].
    #[must_use]
    pub fn of_the_interface() -> Self {
        // A test adds each of them with its checks.
        Self::unchecked(ROUTES.join(" "))
    }

    /// Adds a route.
    ///
    /// # Errors
    /// [`BadRoute`]; the table stays unchanged.
    pub fn add(&mut self, template: &str) -> Result<(), BadRoute> {
        let keys = self.templates().filter_map(|template| check(template).ok()).sum::<usize>();
        if keys.saturating_add(check(template)?) > PAGES_PER_REPORT {
            return Err(BadRoute::TooManyKeys);
        }
        if !self.templates.is_empty() {
            self.templates.push(' ');
        }
        self.templates.push_str(template);
        Ok(())
    }

    /// All keys that [`Self::page_key`] can return.
    #[must_use]
    pub fn page_keys(&self, placeholder: KeyPlaceholder) -> Vec<String> {
        let mut keys: Vec<String> = self.templates().flat_map(|route| keys_of(route, placeholder)).collect();
        keys.push(UNMATCHED.to_owned());
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Checks a template, and returns the number of its keys.
fn check(template: &str) -> Result<usize, BadRoute> {
    // Also in a pattern, which is in no key: templates are stored with white space between them.
    if template.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(BadRoute::Character);
    }
    if has_open_parenthesis(template) {
        return Err(BadRoute::Parenthesis);
    }
    let (mut left, mut segments, mut keys, mut key_bytes, mut ended) = (template, 0, 1_usize, 0, false);
    while let Some((segment, after)) = RouteSegment::first(left) {
        left = after;
        segments += 1;
        if segments > SEGMENTS {
            return Err(BadRoute::TooManySegments);
        }
        if ended {
            return Err(BadRoute::AfterRest);
        }
        let (prefix, text) = match segment {
            RouteSegment::Literal(text) => ("", text),
            RouteSegment::Parameter { prefix, name, values, optional, rest } => {
                let is_name = |character: char| character.is_alphanumeric() || character == '_';
                if !name.chars().all(is_name) || (name.is_empty() && !(rest && prefix.is_empty())) {
                    return Err(BadRoute::Segment);
                }
                ended = rest;
                let present =
                    values.map_or(1, |values| values.bytes().filter(|byte| *byte == b'|').count() + 2);
                keys = keys.saturating_mul(present + usize::from(optional));
                (prefix, values.unwrap_or(name))
            }
        };
        let plain = if let RouteSegment::Literal(text) = segment { text } else { prefix };
        if plain.contains(['(', ')', '*', '?', '|', '/']) {
            return Err(BadRoute::Segment);
        }
        if !(is_text(prefix) && is_text(text)) {
            return Err(BadRoute::Character);
        }
        key_bytes += 2 + prefix.len() + text.split('|').map(str::len).fold(OTHER.len(), usize::max);
    }
    if key_bytes > PAGE_KEY_BYTES { Err(BadRoute::KeyTooLong) } else { Ok(keys) }
}

/// Whether [`RouteSegment::first`] would treat the rest as a pattern.
fn has_open_parenthesis(template: &str) -> bool {
    let depth = template.bytes().fold(0_usize, |depth, byte| match byte {
        b'(' => depth + 1,
        b')' => depth.saturating_sub(1),
        _ => depth,
    });
    depth > 0
}

/// Whether a key can hold `text` as it is.
fn is_text(text: &str) -> bool {
    !text.contains(|character: char| {
        matches!(character, '"' | '\\') || character.is_whitespace() || character.is_control()
    })
}

/// All keys that `route` can give; for an unchecked route at most the first [`PAGES_PER_REPORT`].
fn keys_of(mut route: &str, placeholder: KeyPlaceholder) -> Vec<String> {
    let mut keys = vec![String::new()];
    while let Some((segment, left)) = RouteSegment::first(route) {
        let parts = parts_of(segment, placeholder);
        let longer = keys.iter().flat_map(|key| parts.iter().map(move |part| [key.as_str(), part].concat()));
        keys = longer.take(PAGES_PER_REPORT).collect();
        route = left;
    }
    keys.into_iter().map(finish).collect()
}

/// What `segment` can add to a key.
fn parts_of(segment: RouteSegment<'_>, placeholder: KeyPlaceholder) -> Vec<String> {
    match segment {
        RouteSegment::Literal(text) => vec![["/", text].concat()],
        RouteSegment::Parameter { prefix, name, values, optional, .. } => {
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
