//! Converts the route definitions of a router to route templates.

use leptos_router::{MatchNestedRoutes, MatchParams, PathSegment};

/// Closed lists of values, by the name of the parameter.
pub(super) type ParameterValues<'a> = &'a [(&'static str, &'static [&'static str])];

/// Returns the route templates of `defs` in their order: nested definitions are flattened, optional
/// parameters become `:name?`, a wildcard becomes `:name(.*)*`, and characters that a name may not have
/// become `_`.
///
/// Definitions that the router never reaches, because an earlier one matches, have no template. Where two
/// definitions overlap, such as `/:a/new` and `/users/:b`, the router takes the earlier one for `/users/new`,
/// and a tracker the one with the earlier literal. A literal that `path!` refuses has no template.
#[must_use]
pub fn templates<Defs: MatchNestedRoutes>(defs: &Defs) -> Vec<String> {
    templates_with(defs, &[])
}

/// Does the same with closed lists of values for some parameters.
pub(super) fn templates_with<Defs: MatchNestedRoutes>(
    defs: &Defs,
    closed: ParameterValues<'_>,
) -> Vec<String> {
    let mut templates = Vec::new();
    for route in defs.generate_routes() {
        let pattern = PathPattern::of(&route.segments);
        if !pattern.is_writable() {
            continue;
        }
        for pattern in pattern.reached_in(defs) {
            let template = pattern.written(closed);
            if !templates.contains(&template) {
                templates.push(template);
            }
        }
    }
    templates
}

/// The names and values of the parameters of a path.
type MatchedParameters = Vec<(String, String)>;

/// One part of a pattern, between two slashes or after the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PatternPart {
    Literal(String),
    Parameter(String),
    Optional(String),
    Rest(String),
}

/// The pattern of all paths of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PathPattern(Vec<PatternPart>);

impl PathPattern {
    fn of(segments: &[PathSegment]) -> Self {
        let parts = segments.iter().filter_map(|segment| match segment {
            // A slash at the end is a segment of its own, which does not matter.
            PathSegment::Static(text) => Some(text.trim_matches('/'))
                .filter(|text| !text.is_empty())
                .map(|text| PatternPart::Literal(text.to_owned())),
            PathSegment::Param(name) => Some(PatternPart::Parameter(name.clone().into_owned())),
            PathSegment::OptionalParam(name) => Some(PatternPart::Optional(name.clone().into_owned())),
            PathSegment::Splat(name) => Some(PatternPart::Rest(name.clone().into_owned())),
            PathSegment::Unit => None,
        });
        Self(parts.collect())
    }

    /// This pattern, if the router reaches it with and without each optional parameter; else the variants
    /// that it reaches.
    fn reached_in<Defs: MatchNestedRoutes>(self, defs: &Defs) -> Vec<Self> {
        let variants = self.variants();
        let count = variants.len();
        let reached: Vec<Self> = variants.into_iter().filter(|variant| variant.is_reached_in(defs)).collect();
        if reached.len() == count { vec![self] } else { reached }
    }

    /// The pattern with and without each of its optional parameters.
    fn variants(&self) -> Vec<Self> {
        let mut variants = vec![Vec::new()];
        for part in &self.0 {
            let (with, without) = match part {
                PatternPart::Optional(name) => (PatternPart::Parameter(name.clone()), variants.clone()),
                part => (part.clone(), Vec::new()),
            };
            variants.iter_mut().for_each(|variant| variant.push(with.clone()));
            variants.splice(0..0, without);
        }
        variants.into_iter().map(Self).collect()
    }

    /// Whether the router matches an example of this pattern with this pattern. The example's parameter
    /// values occur in no definition, so another definition that matches them matches any value.
    fn is_reached_in<Defs: MatchNestedRoutes>(&self, defs: &Defs) -> bool {
        let (path, params) = self.example();
        // A definition that ends with a slash matches only paths with one.
        [format!("{path}/"), path].iter().any(|path| found_in(defs, path).as_ref() == Some(&params))
    }

    /// An example path of this pattern, and its parameters.
    fn example(&self) -> (String, MatchedParameters) {
        let (mut path, mut params) = (String::new(), Vec::new());
        for (place, part) in self.0.iter().enumerate() {
            let value = match part {
                PatternPart::Literal(text) => text.clone(),
                PatternPart::Parameter(_) | PatternPart::Optional(_) => format!("\0{place}"),
                PatternPart::Rest(_) => format!("\0{place}/\0"),
            };
            path.push('/');
            path.push_str(&value);
            if let PatternPart::Parameter(name) | PatternPart::Optional(name) | PatternPart::Rest(name) = part
            {
                params.push((name.clone(), value));
            }
        }
        if path.is_empty() {
            path.push('/');
        }
        (path, params)
    }

    /// Whether it can be written as a template: a colon or a star in a literal would be misread.
    fn is_writable(&self) -> bool {
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "-._~@".contains(character);
        self.0.iter().all(|part| !matches!(part, PatternPart::Literal(text) if !text.chars().all(is_plain)))
    }

    fn written(&self, closed: ParameterValues<'_>) -> String {
        let parts: Vec<String> = self.0.iter().map(|part| part.written(closed)).collect();
        format!("/{}", parts.join("/"))
    }
}

impl PatternPart {
    fn written(&self, closed: ParameterValues<'_>) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Parameter(name) => format!(":{}{}", plain(name), list(closed, name)),
            Self::Optional(name) => format!(":{}{}?", plain(name), list(closed, name)),
            Self::Rest(name) if name.is_empty() => "*".to_owned(),
            Self::Rest(name) => format!(":{}(.*)*", plain(name)),
        }
    }
}

/// The parameters that the router finds in `path`. `None` if nothing matches all of it.
fn found_in<Defs: MatchNestedRoutes>(defs: &Defs, path: &str) -> Option<MatchedParameters> {
    let (matched, rest) = defs.match_nested(path);
    let (_, matched) = matched.filter(|_| rest.is_empty() || rest == "/")?;
    Some(matched.to_params().into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
}

fn plain(name: &str) -> String {
    name.chars().map(|character| if character.is_alphanumeric() { character } else { '_' }).collect()
}

fn list(closed: ParameterValues<'_>, name: &str) -> String {
    let values = closed.iter().find(|(parameter, _)| *parameter == name);
    values.map(|(_, values)| format!("({})", values.join("|"))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
