//! Describes the refusals of requests for `OpenAPI`.

use std::collections::BTreeMap;

use headcount_shared::api::Problem;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{Content, Ref, RefOr, Response as ResponseDescription, ResponseBuilder},
};

/// Describes the refusals of every request for data.
#[derive(Debug)]
pub struct GuardedResponses;

impl IntoResponses for GuardedResponses {
    fn responses() -> BTreeMap<String, RefOr<ResponseDescription>> {
        refusals([
            ("401", "The request has no credential, or a wrong one."),
            (
                "403",
                "The role of the caller may not do this, or a change by a session lacks the header \
                 Headcount-Request: 1 or comes from a page of another site.",
            ),
            ("429", "There were too many wrong tokens."),
        ])
    }
}

/// Describes refusals by status.
#[must_use]
pub fn refusals<const N: usize>(when: [(&str, &str); N]) -> BTreeMap<String, RefOr<ResponseDescription>> {
    let problem = || Content::new(Some(RefOr::Ref(Ref::from_schema_name(Problem::name()))));
    let described = |when: &str| {
        ResponseBuilder::new().description(when).content("application/problem+json", problem()).build()
    };
    when.map(|(status, when)| (status.to_owned(), described(when).into())).into()
}
