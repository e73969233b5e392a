//! `<base>api/session`: signs browsers in and out.

use serde::{Deserialize, Serialize};

/// `POST <base>api/session`: the credential that signs a browser in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum NewSession {
    /// The admin token.
    Token(String),
    /// A code that is valid once, for five minutes.
    Code(String),
}

/// `POST <base>api/session/code`: a code for [`NewSession`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInCode {
    /// The code.
    pub code: String,
    /// The address of the interface for browsers; `null` if it is not configured.
    pub public_url: Option<String>,
}

unprinted!(NewSession, SignInCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_things_signs_in() {
        let read = |json: &str| serde_json::from_str::<NewSession>(json).ok();
        for (json, session) in [
            (r#"{"token":"t"}"#, Some(NewSession::Token("t".to_owned()))),
            (r#"{"code":"c"}"#, Some(NewSession::Code("c".to_owned()))),
            (r#"{"token":"t","code":"c"}"#, None),
            (r#"{"password":"p"}"#, None),
            (r#"{"token":1}"#, None),
            ("{}", None),
        ] {
            assert_eq!(read(json), session, "{json}");
        }
        assert!(!format!("{:?}", NewSession::Token("secret".to_owned())).contains("secret"));
    }
}
