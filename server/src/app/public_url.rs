//! Builds the public address of an interface: the public URL with the base path.

use anyhow::bail;
use reqwest::Url;

use crate::config::BasePath;

/// The address with which links to the interface begin; ends with a slash.
///
/// # Errors
/// `public_url` has a path that is not the base path. Pages refer to their files by the base path, so a proxy
/// cannot change it.
pub(super) fn link_base(public_url: &Url, base_path: &BasePath) -> anyhow::Result<Url> {
    let mut base = public_url.clone();
    let path = base.path().trim_matches('/');
    if !path.is_empty() && path != base_path.as_str().trim_matches('/') {
        bail!(
            "--public-url has the path {}, and --url-base-path says {}; both have to be the same, because a proxy must not \
             change the path",
            base.path(),
            base_path.as_str()
        );
    }
    base.set_path(base_path.as_str());
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_begin_with_the_public_address_and_the_base_path() {
        for (public, base_path, expected) in [
            ("https://a.example", "/", Some("https://a.example/")),
            ("https://a.example", "/x", Some("https://a.example/x/")),
            ("https://a.example/x", "/x/", Some("https://a.example/x/")),
            ("https://a.example:8443/x/", "/x", Some("https://a.example:8443/x/")),
            ("https://a.example/y/", "/x", None),
            ("https://a.example/x/", "/", None),
        ] {
            let base = link_base(&public.parse().unwrap(), &base_path.parse().unwrap());
            assert_eq!(base.ok().map(String::from).as_deref(), expected, "{public} {base_path}");
        }
    }
}
