//! `<base>api/projects/{id}/categories`: how are applications sorted?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The application categories of a project that have patterns of the operator's. A `PUT` puts them in the place of all.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Categories {
    /// Patterns such as `namespace/name*` by category. The name of a category has 3 to 64 characters of `a-z`, `0-9`, `-`
    /// and `_`.
    pub categories: BTreeMap<String, Vec<String>>,
}

unprinted!(Categories);
