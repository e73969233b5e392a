//! Texts of the pages on which a project is made.

pub(in crate::ui) const WELCOME: &str = "Welcome";
pub(in crate::ui) const RUNNING: &str = "Headcount is running. The first project shows it what to observe.";
pub(in crate::ui) const WHAT_IS_ASKED: &str = "It asks a Prometheus for the metrics of coroot-node-agent, and counts \
     nodes, applications and services. Nothing is written to it. Names and addresses stay here; see ";
pub(in crate::ui) const WHAT_IS_REPORTED: &str = "what this installation reports";

pub(in crate::ui) const NEW_PROJECT: &str = "New project";
pub(in crate::ui) const WHAT_A_PROJECT_IS: &str =
    "A project is what one Prometheus knows: a cluster, or some machines.";
pub(in crate::ui) const NAME_AND_PROMETHEUS: &str = "Its name and its Prometheus";
pub(in crate::ui) const MAKE: &str = "Make the project";
pub(in crate::ui) const NOT_HERE: &str = "No project can be made here.";

/// There is no such tab.
pub(in crate::ui) fn no_tab(tab: &str) -> String {
    format!("There is no tab “{tab}” here. A new project begins with its Prometheus.")
}

/// What to do with the project that is made. The arguments are the addresses of its page and its settings.
pub(in crate::ui) fn made_html(page: &str, settings: &str) -> String {
    format!(
        r#"The project is made. <a href="{page}">Open it</a>, or change <a href="{settings}">its settings</a>."#
    )
}
