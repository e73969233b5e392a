//! Says what the values of fields mean, so that pages can write them in the units of people.

/// What a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldMeaning {
    /// What it says: a number of things, a name, a flag, or lists and maps of those.
    Plain,
    /// A duration in seconds.
    Seconds,
    /// Samples of processor time, in cores.
    CoreSamples,
    /// Samples of memory, in bytes.
    ByteSamples,
    /// A point in time, in Unix seconds; 0 if there is none.
    UnixTime,
    /// A profile in base64.
    Profile,
    /// Pseudonyms of browsers.
    Browsers,
}

/// The fields that are more than a number or a text. `*` is any name.
const MEANINGS: [(&str, FieldMeaning); 11] = [
    ("ux.users", FieldMeaning::Browsers),
    ("ux.world_load_time_avg", FieldMeaning::Seconds),
    ("ux.audit_time_avg", FieldMeaning::Seconds),
    ("performance.constructor.stages.*", FieldMeaning::Seconds),
    ("performance.constructor.queries.*.query_time", FieldMeaning::Seconds),
    ("performance.cpu_usage", FieldMeaning::CoreSamples),
    ("performance.memory_usage", FieldMeaning::ByteSamples),
    ("profile.from", FieldMeaning::UnixTime),
    ("profile.to", FieldMeaning::UnixTime),
    ("profile.cpu", FieldMeaning::Profile),
    ("profile.memory", FieldMeaning::Profile),
];

impl FieldMeaning {
    /// The meaning of the value at a path of names.
    #[must_use]
    pub fn of_path(path: &[&str]) -> Self {
        let found = MEANINGS.into_iter().find(|(pattern, _)| is_path(path, pattern));
        found.map_or(Self::Plain, |(_, meaning)| meaning)
    }
}

/// Whether a path fits to a pattern such as `performance.constructor.stages.*`.
fn is_path(path: &[&str], pattern: &str) -> bool {
    let mut names = path.iter();
    pattern.split('.').all(|wanted| names.next().is_some_and(|name| wanted == "*" || wanted == *name))
        && names.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_means_what_its_whole_path_says() {
        for (path, meaning) in [
            ("ux.users", FieldMeaning::Browsers),
            ("performance.constructor.stages.load_nodes", FieldMeaning::Seconds),
            ("performance.constructor.queries.node_info.query_time", FieldMeaning::Seconds),
            ("performance.constructor.queries.node_info.failed", FieldMeaning::Plain),
            ("performance.constructor.stages", FieldMeaning::Plain),
            ("profile.to", FieldMeaning::UnixTime),
            ("profile", FieldMeaning::Plain),
            ("infra.nodes", FieldMeaning::Plain),
        ] {
            let names: Vec<&str> = path.split('.').collect();
            assert_eq!(FieldMeaning::of_path(&names), meaning, "{path}");
        }
    }
}
