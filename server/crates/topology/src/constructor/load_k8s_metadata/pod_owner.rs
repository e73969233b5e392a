//! Finds the application that owns a pod from the pod's creator.

use std::ops::RangeInclusive;

use crate::model::Kind;

/// The kind and the name of the application that owns a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PodOwner<'t> {
    /// The name of the kind.
    pub(super) kind: &'t str,
    /// The name.
    pub(super) name: &'t str,
}

/// The facts about a pod that determine its owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PodCreation<'t> {
    /// The kind of its creator.
    pub(super) kind: &'t str,
    /// The name of its creator.
    pub(super) name: &'t str,
    /// The pod.
    pub(super) pod: &'t str,
    /// Its node.
    pub(super) node: &'t str,
}

/// The application that owns a pod; `None` if its creator has no name. `is_deployment` returns whether there
/// is a Deployment with a name in the namespace of the pod.
pub(super) fn owner(created: PodCreation<'_>, is_deployment: impl Fn(&str) -> bool) -> Option<PodOwner<'_>> {
    let PodCreation { kind, name, pod, node } = created;
    let (kind, name) = match kind {
        "" | "<none>" | "Node" => ("StaticPods", without_node(pod, node)),
        "SparkApplication" | "Workflow" => (kind, without_run(name)),
        "ReplicaSet" => match name.rsplit_once('-') {
            Some((deployment, hash)) if is_template_hash(hash) || is_deployment(deployment) => {
                ("Deployment", deployment)
            }
            _ => (kind, name),
        },
        "Job" => match name.rsplit_once('-') {
            Some((cron_job, scheduled)) if is_schedule(scheduled) => ("CronJob", cron_job),
            _ => (kind, name),
        },
        _ => (kind, name),
    };
    Some(PodOwner { kind, name }).filter(|owner| !owner.name.is_empty())
}

/// The name of a static pod without the name of its node.
fn without_node<'t>(pod: &'t str, node: &str) -> &'t str {
    pod.strip_suffix(node).and_then(|rest| rest.strip_suffix('-')).unwrap_or(pod)
}

/// The name of a recurring workload, without the five characters or the digits of one run.
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

/// Whether a text is a hash that a Deployment appends to the names of its replica sets: a number of 32 bits
/// whose digits are written in the characters that Kubernetes uses for random names.
fn is_template_hash(text: &str) -> bool {
    (6..=10).contains(&text.len()) && text.bytes().all(|byte| b"bcdf456789".contains(&byte))
}

/// Whether a text is a time that a `CronJob` appends to the names of its Jobs: the scheduled time in minutes,
/// or in seconds up to Kubernetes 1.21. The number of a Job `migration-1` is no such time, and neither is a
/// date.
fn is_schedule(text: &str) -> bool {
    // From 2015, before CronJobs existed, up to values that no scheduled time has for decades.
    const MINUTES: RangeInclusive<u64> = 24_000_000..=99_999_999;
    const SECONDS: RangeInclusive<u64> = 1_440_000_000..=1_900_000_000;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits && !text.starts_with('0'));
    number.is_some_and(|number| MINUTES.contains(&number) || SECONDS.contains(&number))
}

/// Whether pods of an application of that kind are also distinguished by node: a pod of a stateful set keeps
/// its name when it moves.
pub(super) const fn pods_move(kind: Kind) -> bool {
    matches!(kind, Kind::StatefulSet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, name: &str, expected: Option<(&str, &str)>) {
        let created = PodCreation { kind, name, pod: "etcd-node-1", node: "node-1" };
        let owned = owner(created, |name| name == "known");
        assert_eq!(owned, expected.map(|(kind, name)| PodOwner { kind, name }), "{kind} {name}");
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
        check("ReplicaSet", "known-blue", Some(("Deployment", "known")));
        // As Kubernetes named them before version 1.10.
        check("ReplicaSet", "known-3042738203", Some(("Deployment", "known")));
        check("ReplicaSet", "cart-3042738203", Some(("ReplicaSet", "cart-3042738203")));
        check("Job", "backup-28394820", Some(("CronJob", "backup")));
        check("Job", "backup-1600000000", Some(("CronJob", "backup")));
        for kind in ["StatefulSet", "DaemonSet", "Pod", "Rollout"] {
            check(kind, "x", Some((kind, "x")));
            check(kind, "", None);
        }
        check("ReplicaSet", "-bcdf456", None);
    }

    #[test]
    fn a_replica_set_and_a_job_that_nobody_owns_are_applications_of_their_own() {
        for name in [
            "feed",
            "a",
            "catalog-a",
            "catalog-blue",
            "catalog-v2",
            "catalog-2b",
            "catalog-bcdf4567890",
            "x-",
        ] {
            check("ReplicaSet", name, Some(("ReplicaSet", name)));
        }
        for name in [
            "migrate",
            "migration-1",
            "migration-20240101",
            "migration-202401011200",
            "migration-028394820",
            "backup-+28394820",
            "backup-",
            "backup-99999999999999999999",
        ] {
            check("Job", name, Some(("Job", name)));
        }
    }

    #[test]
    fn a_static_pod_of_another_node_keeps_its_name() {
        for (pod, node, name) in
            [("etcd", "", "etcd"), ("etcd-a", "b", "etcd-a"), ("a", "a", "a"), ("-a", "a", "")]
        {
            let expected = Some(PodOwner { kind: "StaticPods", name }).filter(|_| !name.is_empty());
            let created = PodCreation { pod, node, ..PodCreation::default() };
            assert_eq!(owner(created, |_| false), expected);
        }
    }
}
