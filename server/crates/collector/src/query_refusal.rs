//! Says what is wrong with the parameters of an address.

use axum::extract::rejection::QueryRejection;
use headcount_web::problem::ProblemResponse;

use super::fleet_routes::bad_request;

/// What stands before the reason.
const BEFORE_REASON: &str = "Failed to deserialize query string: ";

/// The refusal of an address whose parameters cannot be read.
pub(super) fn query_refusal(rejection: &QueryRejection) -> ProblemResponse {
    bad_request(reason(&rejection.body_text()))
}

fn reason(text: &str) -> String {
    let text = text.strip_prefix(BEFORE_REASON).unwrap_or(text);
    let unknown = text.split_once("unknown field `").and_then(|(_, rest)| rest.split_once("`, expected "));
    let Some((name, known)) = unknown else { return text.to_owned() };
    let known = known.trim_start_matches("one of ").replace('`', "");
    format!("\"{name}\" is no parameter of this address, which has {known}")
}

#[cfg(test)]
mod tests {
    use axum::{extract::Query, http::Uri};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TwoParameters {
        #[expect(dead_code, reason = "only refusals are looked at")]
        from: u32,
        #[expect(dead_code, reason = "only refusals are looked at")]
        to: u32,
    }

    #[test]
    fn a_parameter_that_an_address_does_not_have_is_named_beside_those_that_it_has() {
        for (query, said) in [
            (
                "from=1&utm_source=mail",
                "\"utm_source\" is no parameter of this address, which has from or to",
            ),
            ("from=1&from=2", "duplicate field `from`"),
            ("from=1&to=x", "to: invalid digit found in string"),
        ] {
            let address: Uri = format!("/?{query}").parse().unwrap();
            let refused = Query::<TwoParameters>::try_from_uri(&address).unwrap_err();
            assert_eq!(reason(&refused.body_text()), said, "{query}");
        }
    }
}
