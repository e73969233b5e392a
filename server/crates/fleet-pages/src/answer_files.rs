//! Links a picture to the answers of the API that it shows.

use headcount_shared::api::FleetScope;
use maud::{Markup, html};

/// An answer of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerFile<'a> {
    /// Its address below `api/fleet/`: `shares/flags`.
    pub(crate) path: &'a str,
    /// Parameters beside those of its scope.
    pub(crate) more: &'a [(&'a str, &'a str)],
    /// Whether there is CSV of it, too.
    pub(crate) has_csv: bool,
}

impl<'a> AnswerFile<'a> {
    /// A table.
    pub(crate) const fn table(path: &'a str) -> Self {
        Self { path, more: &[], has_csv: true }
    }

    /// Its address in a format, about exactly what a scope says.
    fn address(self, scope: &FleetScope, format: &str) -> String {
        let filters = [("version", &scope.version), ("database", &scope.database), ("size", &scope.size)];
        let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let about = [("product", scope.product.as_str()), ("from", &scope.from), ("to", &scope.to)];
        let more = self.more.iter().copied().chain((format != "json").then_some(("format", format)));
        let all: Vec<_> = about.into_iter().chain(filters).chain(more).collect();
        // Texts can always be written.
        format!("api/fleet/{}?{}", self.path, serde_urlencoded::to_string(all).unwrap_or_default())
    }

    /// The links of one picture. `title` tells them apart from those of other pictures.
    pub(crate) fn links(self, title: &str, scope: &FleetScope) -> Markup {
        file_links(title, &[("", self, scope)])
    }
}

/// The links to the answers of one picture, each with what is in it: several are folded.
pub(crate) fn file_links(title: &str, files: &[(&str, AnswerFile<'_>, &FleetScope)]) -> Markup {
    let of_title = html! { span.chart-unseen { " of “" (title) "”" } };
    let formats = files.iter().map(|(_, file, _)| 1 + usize::from(file.has_csv)).sum::<usize>();
    html! {
        @match files {
            [(_, file, scope)] => p.files { "Data: " (format_links(*file, scope, &of_title)) },
            _ => details.files {
                summary { "Data: " (formats) " files" (of_title) }
                ul {
                    @for (what, file, scope) in files {
                        @let of_title = html! { span.chart-unseen { " of “" (title) "”, " (what) } };
                        li { (what) ": " (format_links(*file, scope, &of_title)) }
                    }
                }
            }
        }
    }
}

/// The links to an answer in each of its formats.
fn format_links(file: AnswerFile<'_>, scope: &FleetScope, of_title: &Markup) -> Markup {
    html! {
        @if file.has_csv { a href=(file.address(scope, "csv")) { "CSV" (of_title) } " · " }
        a href=(file.address(scope, "json")) { "JSON" (of_title) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer_basis::tests::scope;

    #[test]
    fn a_file_is_about_exactly_what_a_picture_shows() {
        let scope = FleetScope { version: Some(String::new()), size: Some("301+".to_owned()), ..scope() };
        let text = AnswerFile::table("shares/flags").links("Flags <b>", &scope).into_string();
        let about = "api/fleet/shares/flags?product=coroot&amp;from=2026-11-01&amp;to=2026-11-10&amp;version=&amp;size=301%2B";
        assert!(text.contains(&format!("href=\"{about}\"")), "{text}");
        assert!(text.contains(&format!("href=\"{about}&amp;format=csv\"")), "{text}");
        assert!(text.contains("Flags &lt;b&gt;"), "{text}");
        let graph = AnswerFile { path: "profiles/graph", more: &[("resource", "cpu")], has_csv: false };
        let text = graph.links("Graph", &scope).into_string();
        assert!(text.contains("&amp;resource=cpu") && !text.contains("CSV"), "{text}");
    }

    #[test]
    fn the_files_of_a_picture_are_in_one_labelled_place() {
        let (scope, file) = (scope(), AnswerFile::table("distributions/stages"));
        let one = file.links("Stages", &scope).into_string();
        assert!(one.starts_with("<p class=\"files\">Data: <a") && one.matches("<a ").count() == 2, "{one}");
        let files = ["before", "before, by size", "after"].map(|what| (what, file, &scope));
        let several = file_links("Stages", &files).into_string();
        assert!(several.starts_with("<details class=\"files\"><summary>Data: 6 files"), "{several}");
        assert!(
            several.contains("<li>before, by size: <a") && several.matches("<a ").count() == 6,
            "{several}"
        );
    }
}
