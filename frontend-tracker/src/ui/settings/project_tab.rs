//! Writes the tab of the project itself: its name, and its end.

use crate::ui::{
    html::{card, escaped},
    texts::settings,
};

/// The tab, with the form of the name.
pub(super) fn project_tab(name: &str, name_form: &str, is_read_only: bool) -> String {
    let note = format!(r#"<p class="note">{}</p>"#, settings::NAME_NOTE);
    let disabled = if is_read_only { " disabled" } else { "" };
    let end = format!(
        r#"<p>{}</p><fieldset{disabled}><span id="end-removal">{}</span></fieldset>
<p class="failure" role="alert" id="end-failure"></p>"#,
        settings::end_html(&format!("<strong data-project-name>{}</strong>", escaped(name))),
        end_html(false)
    );
    card("name", settings::NAME, &[&note, name_form].concat()) + &card("end", settings::END, &end)
}

/// The button that deletes the project, or what is asked before it does.
pub(super) fn end_html(is_asked: bool) -> String {
    if !is_asked {
        return format!(
            r#"<button type="button" class="quiet" id="end-ask" data-act="ask-end">{}</button>"#,
            settings::ASK_END
        );
    }
    format!(
        r#"<span class="question" role="group" aria-labelledby="end-question"><span id="end-question">{}</span>
<button type="button" class="danger" id="end-delete" data-act="end">{}</button>
<button type="button" class="quiet" id="end-spare" data-act="spare-end">{}</button></span>"#,
        settings::END_QUESTION,
        settings::DELETE,
        settings::SPARE
    )
}
