//! `<base>api/projects/{id}/categories`: the application categories of a project.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The application categories of a project with patterns of the operator. A `PUT` replaces all of them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Categories {
    /// Patterns such as `namespace/name*` by category. The name of a category has 3 to 64 characters of
    /// `a-z`, `0-9`, `-` and `_`.
    pub categories: BTreeMap<String, Vec<String>>,
}

unprinted!(Categories);
