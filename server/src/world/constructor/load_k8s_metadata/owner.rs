//! Which application does a pod belong to, by what created it?

use crate::world::model::Kind;

/// The kind and the name of the application that owns a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner<'t> {
    /// The name of the kind.
    pub(super) kind: &'t str,
    /// The name.
    pub(super) name: &'t str,
}

/// What is known of a pod that says who owns it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Creation<'t> {
    /// The kind of what created it.
    pub(super) kind: &'t str,
    /// The name of what created it.
    pub(super) name: &'t str,
    /// The pod.
    pub(super) pod: &'t str,
    /// Its node.
    pub(super) node: &'t str,
}

/// The application that owns a pod; `None` when its creator has no name.
pub(super) fn owner(created: Creation<'_>) -> Option<Owner<'_>> {
    let Creation { kind, name, pod, node } = created;
    let (kind, name) = match kind {
        "" | "<none>" | "Node" => ("StaticPods", without_node(pod, node)),
        "SparkApplication" | "Workflow" => (kind, without_run(name)),
        "ReplicaSet" => match name.rsplit_once('-') {
            // Any hexadecimal digit will do, so `catalog-blue` belongs to the deployment `catalog`.
            Some((deployment, hash)) if hash.contains(|c| matches!(c, '0'..='9' | 'a'..='f')) => {
                ("Deployment", deployment)
            }
            _ => (kind, name),
        },
        "Job" => match name.rsplit_once('-') {
            Some((cron_job, scheduled)) if is_unsigned(scheduled) => ("CronJob", cron_job),
            _ => (kind, name),
        },
        _ => (kind, name),
    };
    Some(Owner { kind, name }).filter(|owner| !owner.name.is_empty())
}

/// A static pod is named for its node.
fn without_node<'t>(pod: &'t str, node: &str) -> &'t str {
    pod.strip_suffix(node).and_then(|rest| rest.strip_suffix('-')).unwrap_or(pod)
}

/// The name of what runs again and again, without the five characters or the digits of one run.
fn without_run(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((rest, run)) if is_run(run) => rest,
        _ => name,
    }
}

fn is_run(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let letters = text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    (digits && text.len() >= 10) || (letters && text.len() == 5)
}

fn is_unsigned(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok()
}

/// Whether the pods of an application of that kind are told apart by their nodes too: a pod of a stateful set that moved
/// keeps its name.
pub(super) const fn pods_move(kind: Kind) -> bool {
    matches!(kind, Kind::StatefulSet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, name: &str, expected: Option<(&str, &str)>) {
        let owned = owner(Creation { kind, name, pod: "etcd-node-1", node: "node-1" });
        assert_eq!(owned, expected.map(|(kind, name)| Owner { kind, name }), "{kind} {name}");
    }

    #[test]
    fn the_owner_of_a_pod_is_known_by_what_created_it() {
        check("", "", Some(("StaticPods", "etcd")));
        check("<none>", "<none>", Some(("StaticPods", "etcd")));
        check("Node", "node-1", Some(("StaticPods", "etcd")));
        check("SparkApplication", "pi-x7k2q", Some(("SparkApplication", "pi")));
        check("SparkApplication", "pi-1700000000", Some(("SparkApplication", "pi")));
        check("SparkApplication", "pi-170000", Some(("SparkApplication", "pi-170000")));
        check("Workflow", "etl-UPPER", Some(("Workflow", "etl-UPPER")));
        check("Workflow", "etl", Some(("Workflow", "etl")));
        check("ReplicaSet", "cart-5d9c7b6f4", Some(("Deployment", "cart")));
        check("ReplicaSet", "catalog-blue", Some(("Deployment", "catalog")));
        check("ReplicaSet", "catalog-xyz", Some(("ReplicaSet", "catalog-xyz")));
        check("ReplicaSet", "feed", Some(("ReplicaSet", "feed")));
        check("Job", "backup-28394820", Some(("CronJob", "backup")));
        check("Job", "backup-+1", Some(("Job", "backup-+1")));
        check("Job", "backup-", Some(("Job", "backup-")));
        check("Job", "backup-99999999999999999999", Some(("Job", "backup-99999999999999999999")));
        check("Job", "migrate", Some(("Job", "migrate")));
        for kind in ["StatefulSet", "DaemonSet", "Pod", "Rollout"] {
            check(kind, "x", Some((kind, "x")));
            check(kind, "", None);
        }
        check("ReplicaSet", "-abc", None);
    }

    #[test]
    fn a_static_pod_of_another_node_keeps_its_name() {
        for (pod, node, name) in
            [("etcd", "", "etcd"), ("etcd-a", "b", "etcd-a"), ("a", "a", "a"), ("-a", "a", "")]
        {
            let expected = Some(Owner { kind: "StaticPods", name }).filter(|_| !name.is_empty());
            assert_eq!(owner(Creation { pod, node, ..Creation::default() }), expected);
        }
    }
}
