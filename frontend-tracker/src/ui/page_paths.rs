//! Writes the paths of pages, and of what the API has about their subjects, in which names are escaped.

/// A segment of a path that stands for a text.
pub(super) fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'@' => {
                segment.push(char::from(byte));
            }
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

/// The page of a project.
pub(super) fn project_page(project: &str) -> String {
    format!("/p/{}", segment(project))
}

/// The page of an application.
pub(super) fn application_page(project: &str, id: &str) -> String {
    format!("/p/{}/app/{}", segment(project), segment(id))
}

/// The page of a node.
pub(super) fn node_page(project: &str, name: &str) -> String {
    format!("/p/{}/node/{}", segment(project), segment(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_any_name() {
        assert_eq!(application_page("a b", "x:Deployment:c/d"), "/p/a%20b/app/x:Deployment:c%2Fd");
        assert_eq!(node_page("p", "ñ%"), "/p/p/node/%C3%B1%25");
    }
}
