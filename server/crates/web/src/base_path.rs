//! Defines the path under which everything is served.

use std::str::FromStr;

/// A path that begins and ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// The path `/`.
    #[must_use]
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// The path, `/` or `/coroot/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BasePath {
    type Err = String;

    fn from_str(path: &str) -> Result<Self, String> {
        let inner = path.trim_matches('/');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/".contains(c);
        if !inner.chars().all(is_plain)
            || inner.split('/').any(|part| matches!(part, "." | ".."))
            || inner.contains("//")
        {
            return Err("a path must have only letters, digits and -_.~ between slashes".to_owned());
        }
        Ok(Self(if inner.is_empty() { "/".to_owned() } else { format!("/{inner}/") }))
    }
}
