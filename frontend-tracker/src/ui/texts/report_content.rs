//! Texts about what is in a report.

pub(in crate::ui) const UNEXPLAINED: &str = "This member is not documented and should not be here.";

pub(in crate::ui) const FIND_FUNCTIONS: &str = "Find functions ";

/// How many functions a search finds, and which share of the whole they have.
pub(in crate::ui) fn functions_found(functions: usize, share: &str) -> String {
    match functions {
        0 => "no function".to_owned(),
        1 => format!("1 function: {share}"),
        functions => format!("{functions} functions: {share}"),
    }
}

/// What a profile is that has no content.
pub(in crate::ui) const NO_PROFILE: &str = "none";

/// A profile that cannot be read, by its size.
pub(in crate::ui) fn not_base64(encoded: &str) -> String {
    format!("{encoded} that are not base64")
}

/// A profile, by its sizes, and how long it covers.
pub(in crate::ui) fn profile(decoded: &str, encoded: &str, covered: Option<&str>) -> String {
    let covers = covered.map(|covered| format!(", covers {covered}")).unwrap_or_default();
    format!("{decoded} of gzipped pprof, {encoded} as base64{covers}")
}

/// A profile as a value, by its size.
pub(in crate::ui) fn profile_value(encoded: &str) -> String {
    format!("a profile, {encoded} in base64")
}

/// How many browsers there are.
pub(in crate::ui) fn browsers(count: usize) -> String {
    if count == 1 { "1 browser".to_owned() } else { format!("{count} browsers") }
}

/// How many samples there are, and their values, if there are any.
pub(in crate::ui) fn samples(count: usize, values: Option<(&str, &str)>) -> String {
    let number = if count == 1 { "1 sample".to_owned() } else { format!("{count} samples") };
    match values {
        Some((mean, largest)) => format!("{number}: {mean} on average, at most {largest}"),
        None => number,
    }
}
