//! Writes the tab of the project itself: its name, and its end.

use crate::ui::html::{card, escaped};

/// The tab, with the form of the name.
pub(super) fn project_tab(name: &str, name_form: &str, is_read_only: bool) -> String {
    let note =
        r#"<p class="note">Everything that belongs to the project stays. The name is in no report.</p>"#;
    let disabled = if is_read_only { " disabled" } else { "" };
    let end = format!(
        r#"<p>What was observed of <strong>{}</strong>, its settings, rollouts, incidents and notifications are deleted. Reports that
were sent stay as they are.</p><fieldset{disabled}><span id="end-removal">{}</span></fieldset>
<p class="failure" role="alert" id="end-failure"></p>"#,
        escaped(name),
        end_html(false)
    );
    card("name", "Name", &[note, name_form].concat()) + &card("end", "Delete", &end)
}

/// The button that deletes the project, or what is asked before it does.
pub(super) fn end_html(is_asked: bool) -> String {
    if !is_asked {
        return r#"<button type="button" class="quiet" id="end-ask" data-do="ask-end">Delete the project…</button>"#.to_owned();
    }
    r#"<span class="question" role="group" aria-labelledby="end-question"><span id="end-question">It cannot be undone.</span>
<button type="button" class="danger" data-do="end">Delete the project</button>
<button type="button" class="quiet" id="end-spare" data-do="spare-end">Keep</button></span>"#
        .to_owned()
}
