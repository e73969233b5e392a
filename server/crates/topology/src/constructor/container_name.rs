//! Parses the container ids that the node agent assigns.

/// The parts of a container id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainerName<'t> {
    /// `/k8s/<namespace>/<pod>/<container>`: a container of a pod, which kube-state-metrics describes in
    /// detail.
    Pod {
        /// The namespace of the pod.
        namespace: &'t str,
        /// The pod.
        pod: &'t str,
        /// The container.
        container: &'t str,
    },
    /// `/k8s-cronjob/<namespace>/<job>/<container>`: a container of any pod that a cron job started.
    CronJob {
        /// The namespace of the cron job.
        namespace: &'t str,
        /// The cron job.
        job: &'t str,
        /// The container.
        container: &'t str,
    },
    /// `/nomad/<namespace>/<job>/<group>/<allocation>/<task>`.
    Nomad {
        /// The namespace of the job.
        namespace: &'t str,
        /// The job.
        job: &'t str,
        /// The group of tasks.
        group: &'t str,
        /// The allocation.
        allocation: &'t str,
        /// The task.
        task: &'t str,
    },
    /// `/swarm/<namespace>/<service>/<task>`.
    Swarm {
        /// The namespace of the service.
        namespace: &'t str,
        /// The service.
        service: &'t str,
        /// The task.
        task: &'t str,
    },
    /// Any other path: the last part of it, without `.service` and `.slice`.
    Unit {
        /// The container.
        container: &'t str,
    },
}

impl<'t> ContainerName<'t> {
    /// Parses a container id; `None` if it is not a path, or if its last part is empty.
    pub(super) fn parse(id: &'t str) -> Option<Self> {
        let path = id.strip_prefix('/')?;
        let mut parts = path.split('/');
        let mut part = || parts.next();
        let name = match [part(), part(), part(), part(), part(), part(), part()] {
            [Some("k8s"), Some(namespace), Some(pod), Some(container), None, ..] => {
                Self::Pod { namespace, pod, container }
            }
            [Some("k8s-cronjob"), Some(namespace), Some(job), Some(container), None, ..] => {
                Self::CronJob { namespace, job, container }
            }
            [Some("nomad"), Some(namespace), Some(job), Some(group), Some(allocation), Some(task), None] => {
                Self::Nomad { namespace, job, group, allocation, task }
            }
            [Some("swarm"), Some(namespace), Some(service), Some(task), None, ..] => {
                Self::Swarm { namespace, service, task }
            }
            _ => {
                let (_, last) = id.rsplit_once('/')?;
                let container = last.strip_suffix(".service").unwrap_or(last);
                let container = container.strip_suffix(".slice").unwrap_or(container);
                if container.is_empty() {
                    return None;
                }
                Self::Unit { container }
            }
        };
        Some(name)
    }

    /// Whether the container runs in Kubernetes.
    pub(super) const fn is_kubernetes(self) -> bool {
        matches!(self, Self::Pod { .. } | Self::CronJob { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, expected: Option<ContainerName<'_>>) {
        assert_eq!(ContainerName::parse(id), expected, "{id}");
    }

    #[test]
    fn ids_of_every_form_are_read() {
        check(
            "/k8s/shop/cart-5d9c7-abcde/cart",
            Some(ContainerName::Pod { namespace: "shop", pod: "cart-5d9c7-abcde", container: "cart" }),
        );
        check(
            "/k8s-cronjob/shop/backup/dump",
            Some(ContainerName::CronJob { namespace: "shop", job: "backup", container: "dump" }),
        );
        check(
            "/nomad/default/job/group/8f2e/task",
            Some(ContainerName::Nomad {
                namespace: "default",
                job: "job",
                group: "group",
                allocation: "8f2e",
                task: "task",
            }),
        );
        check(
            "/swarm/stack/web/1",
            Some(ContainerName::Swarm { namespace: "stack", service: "web", task: "1" }),
        );
        for (id, container) in [
            ("/docker/redis", "redis"),
            ("/system.slice/nginx.service", "nginx"),
            ("/system.slice/system-postgresql.slice", "system-postgresql"),
            ("/user.slice/x.slice.service", "x"),
            ("/user.slice/x.service.slice", "x.service"),
            ("/lxc/box", "box"),
            ("/init", "init"),
        ] {
            check(id, Some(ContainerName::Unit { container }));
        }
    }

    #[test]
    fn a_path_of_another_length_is_a_unit() {
        for (id, container) in [
            ("/k8s/shop/cart", "cart"),
            ("/k8s/shop/cart/a/b", "b"),
            ("/k8s-cronjob/shop/backup", "backup"),
            ("/nomad/default/job/group/task", "task"),
            ("/nomad/a/b/c/d/e/f", "f"),
            ("/swarm/web/1", "1"),
        ] {
            check(id, Some(ContainerName::Unit { container }));
        }
    }

    #[test]
    fn what_is_not_a_path_is_nothing() {
        for id in ["", "docker/redis", "redis", "/", "/docker/", "/x/.service", "/x/.slice"] {
            check(id, None);
        }
    }
}
