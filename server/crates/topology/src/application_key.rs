//! The key under which an application is stored outside a world.

use std::fmt;

/// The namespace, and the cluster, of external services.
const EXTERNAL: &str = "external";

/// The namespace of applications without one. No cluster has this name.
const NONE: &str = "_";

/// Identifies an application for longer than a world exists: in the settings and in records. Written
/// `namespace:kind:name`; the default, `::`, stands for all applications of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApplicationKey {
    /// The namespace; `_` if it has none.
    pub namespace: String,
    /// The name of the kind, such as `Deployment`.
    pub kind: String,
    /// The name, which may contain colons.
    pub name: String,
}

impl ApplicationKey {
    /// Parses `namespace:kind:name`, and `cluster:namespace:kind:name` as later versions of Coroot write it
    /// (the cluster is dropped). `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let key = |namespace: &str, kind: &str, name: &str| Self {
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        };
        let parts: Vec<&str> = text.splitn(4, ':').collect();
        match *parts {
            [namespace, kind, name] => Some(key(namespace, kind, name)),
            // A name may contain a colon.
            [namespace, kind, name, rest]
                if namespace == NONE || namespace == EXTERNAL && kind != EXTERNAL =>
            {
                Some(key(namespace, kind, &format!("{name}:{rest}")))
            }
            [_, namespace, kind, name] => Some(key(namespace, kind, name)),
            _ => None,
        }
    }

    /// Whether this stands for all applications of a project.
    #[must_use]
    pub fn is_project(&self) -> bool {
        self == &Self::default()
    }
}

impl fmt::Display for ApplicationKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.namespace, self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_both_eras_name_the_same_application() {
        for (text, expected) in [
            ("shop:Deployment:cart", Some("shop:Deployment:cart")),
            ("8f3k2j1x:shop:Deployment:cart", Some("shop:Deployment:cart")),
            ("external:ExternalService:external:5432", Some("external:ExternalService:external:5432")),
            ("external:external:ExternalService:db:5432", Some("external:ExternalService:db:5432")),
            ("_:Unknown:a:b", Some("_:Unknown:a:b")),
            ("::", Some("::")),
            (":::", Some("::")),
            ("", None),
            ("shop:Deployment", None),
        ] {
            assert_eq!(ApplicationKey::parse(text).map(|key| key.to_string()).as_deref(), expected, "{text}");
        }
        assert!(ApplicationKey::parse(":::").unwrap().is_project());
    }
}
