//! Reads the forms of pages that change something.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::fleet_routes::bad_request;

/// The largest body of a form, in bytes.
const FORM_BYTES: usize = 4096;

/// The names and values of a form, in its order. Handlers of forms find it in extensions, and so does the page that
/// refuses the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EnteredFields(Vec<(String, String)>);

impl EnteredFields {
    /// The fields of a form, or of the query of an address; none if it cannot be read.
    pub(super) fn read(form: &[u8]) -> Self {
        Self(serde_urlencoded::from_bytes(form).unwrap_or_default())
    }

    /// All of them.
    pub(super) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first value of a name; an empty one if there is none.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Reads the form of a request, for its handler and for the page that refuses it. It belongs inside the guard of
/// the form. Requests for a page have none.
pub(super) async fn read_form(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.method.is_safe() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let Ok(body) = to_bytes(body, FORM_BYTES).await else {
        return bad_request("the form cannot be read").into_response();
    };
    let entered = EnteredFields::read(&body);
    parts.extensions.insert(entered.clone());
    let mut response = next.run(Request::from_parts(parts, Body::empty())).await;
    response.extensions_mut().insert(entered);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_the_first_value_of_each_name() {
        let entered = EnteredFields::read(b"day=2026-11-28&note=a+%3Cb%3E&day=&note=%ff");
        assert_eq!(entered.value("day"), "2026-11-28");
        assert_eq!(entered.value("note"), "a <b>");
        assert_eq!(entered.value("remove"), "");
        assert_eq!(entered.all().len(), 4);
    }
}
