//! `<base>api/session`: browsers sign in and out.

use serde::{Deserialize, Serialize};

/// `POST <base>api/session`: what signs a browser in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum NewSession {
    /// The admin token.
    Token(String),
    /// A code that works once, within five minutes after it was made.
    Code(String),
}

/// `POST <base>api/session/code`: a code for [`NewSession`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInCode {
    /// The code.
    pub code: String,
    /// Where browsers reach the interface; `null` where the program was not told.
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
