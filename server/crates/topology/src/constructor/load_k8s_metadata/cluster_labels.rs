//! Finds the database cluster of a pod by the labels that operators and Helm charts set.

use headcount_prometheus::query::Label;

use crate::{
    constructor::world_builder::WorldBuilder,
    model::{ClusterMembership, FastMap, InstanceId},
    queries::KUBE_POD_LABELS,
};

/// The labels that the rules use.
const LABELS: [Label; 16] = [
    Label::LabelPostgresOperatorCrunchydataComCluster,
    Label::LabelPostgresOperatorCrunchydataComRole,
    Label::LabelClusterName,
    Label::LabelTeam,
    Label::LabelApplication,
    Label::LabelSpiloRole,
    Label::LabelK8sEnterprisedbIoCluster,
    Label::LabelCnpgIoCluster,
    Label::LabelStackgresIoClusterName,
    Label::LabelRole,
    Label::LabelAppKubernetesIoManagedBy,
    Label::LabelAppKubernetesIoInstance,
    Label::LabelAppKubernetesIoName,
    Label::LabelAppKubernetesIoPartOf,
    Label::LabelAppKubernetesIoComponent,
    Label::LabelHelmShChart,
];

/// Helm charts whose releases are database clusters.
const CHARTS: [&str; 6] = ["mongodb", "redis", "valkey", "mysql", "mariadb", "clickhouse"];

/// The cluster in the labels of a pod, as one text or as two that are joined with `-`, and the role of the
/// pod in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ClusterLabels<'t> {
    cluster: (&'t str, Option<&'t str>),
    role: &'t str,
}

/// Loads the cluster membership of pods. Of several series with a cluster, the one seen last counts; of
/// those, the one with the larger texts.
pub(super) fn load(site: &mut WorldBuilder<'_, '_>) {
    let answers = site.answers;
    let uid_column = KUBE_POD_LABELS.columns([Label::Uid]);
    let columns = KUBE_POD_LABELS.columns(LABELS);
    let mut newest = FastMap::<InstanceId, (u32, ClusterMembership)>::default();
    for row in answers.table(&KUBE_POD_LABELS).rows() {
        let [uid] = uid_column.map(|column| row.label(column));
        let Some(instance) = site.pods.with_uid(uid) else { continue };
        let Some(ClusterLabels { cluster, role }) =
            named(columns.map(|column| answers.text(row.label(column))))
        else {
            continue;
        };
        let texts = &mut site.world.texts;
        let cluster = match cluster {
            (cluster, None) => texts.intern(cluster),
            (one, Some(other)) => texts.format(format_args!("{one}-{other}")),
        };
        let role = texts.intern(if role == "master" { "primary" } else { role });
        let found = (row.last_seen(), ClusterMembership { cluster, role });
        let kept = newest.entry(instance).or_insert(found);
        let order = found
            .0
            .cmp(&kept.0)
            .then_with(|| texts.compare(cluster, kept.1.cluster))
            .then_with(|| texts.compare(role, kept.1.role));
        if order.is_gt() {
            *kept = found;
        }
    }
    for (instance, (_, membership)) in newest {
        site.world.instances[instance].membership = Some(membership);
    }
}

/// Applies the rules in order; the first that finds a cluster counts.
fn named(labels: [&str; 16]) -> Option<ClusterLabels<'_>> {
    let [
        crunchy,
        crunchy_role,
        zalando,
        zalando_team,
        application,
        spilo_role,
        enterprise_db,
        cloud_native_pg,
        stackgres,
        role,
        managed_by,
        instance,
        name,
        part_of,
        component,
        chart,
    ] = labels;
    let one = |cluster, role| Some(ClusterLabels { cluster: (cluster, None), role });
    let two = |one, other| Some(ClusterLabels { cluster: (one, Some(other)), role: "" });
    if !crunchy.is_empty() {
        return one(crunchy, crunchy_role);
    }
    if !zalando.is_empty() && !zalando_team.is_empty() {
        return one(zalando, if application == "spilo" { spilo_role } else { "" });
    }
    for cluster in [enterprise_db, cloud_native_pg, stackgres] {
        if !cluster.is_empty() {
            return one(cluster, role);
        }
    }
    if managed_by == "percona-server-mongodb-operator" && !instance.is_empty() {
        return one(instance, "");
    }
    if CHARTS.iter().any(|known| chart.starts_with(known)) && !instance.is_empty() && !name.is_empty() {
        return two(instance, name);
    }
    if managed_by == "coroot-operator" && component == "clickhouse" && !part_of.is_empty() {
        return two(part_of, component);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &[(Label, &str)], expected: Option<(&str, &str)>) {
        let texts =
            LABELS.map(|label| labels.iter().find(|(other, _)| *other == label).map_or("", |(_, text)| text));
        let found = named(texts).map(|ClusterLabels { cluster: (one, other), role }| {
            (other.map_or(one.to_owned(), |other| format!("{one}-{other}")), role.to_owned())
        });
        assert_eq!(found, expected.map(|(cluster, role)| (cluster.to_owned(), role.to_owned())));
    }

    #[test]
    fn every_operator_has_labels_of_its_own() {
        use Label::*;
        check(
            &[
                (LabelPostgresOperatorCrunchydataComCluster, "hippo"),
                (LabelPostgresOperatorCrunchydataComRole, "replica"),
            ],
            Some(("hippo", "replica")),
        );
        let zalando = [(LabelClusterName, "acid"), (LabelTeam, "a"), (LabelSpiloRole, "master")];
        check(&zalando, Some(("acid", "")));
        check(&[zalando.as_slice(), &[(LabelApplication, "spilo")]].concat(), Some(("acid", "master")));
        check(&[(LabelClusterName, "acid")], None);
        for label in [LabelK8sEnterprisedbIoCluster, LabelCnpgIoCluster, LabelStackgresIoClusterName] {
            check(&[(label, "pg"), (LabelRole, "primary")], Some(("pg", "primary")));
        }
        let release = [(LabelAppKubernetesIoInstance, "shop"), (LabelAppKubernetesIoName, "psmdb")];
        check(
            &[release.as_slice(), &[(LabelAppKubernetesIoManagedBy, "percona-server-mongodb-operator")]]
                .concat(),
            Some(("shop", "")),
        );
        for chart in ["mongodb-13.1", "redis-17", "valkey-1", "mysql-9", "mariadb-galera-1", "clickhouse-3"] {
            check(&[release.as_slice(), &[(LabelHelmShChart, chart)]].concat(), Some(("shop-psmdb", "")));
        }
        check(&[release.as_slice(), &[(LabelHelmShChart, "nginx-1")]].concat(), None);
        check(
            &[
                (LabelAppKubernetesIoManagedBy, "coroot-operator"),
                (LabelAppKubernetesIoPartOf, "coroot"),
                (LabelAppKubernetesIoComponent, "clickhouse"),
            ],
            Some(("coroot-clickhouse", "")),
        );
        check(&[(LabelRole, "primary")], None);
    }

    #[test]
    fn labels_that_name_a_cluster_in_part_do_not_make_one() {
        use Label::*;
        let operators = [
            (LabelAppKubernetesIoManagedBy, "coroot-operator"),
            (LabelAppKubernetesIoComponent, "clickhouse"),
        ];
        check(&operators, None);
        check(&[(LabelAppKubernetesIoManagedBy, "percona-server-mongodb-operator")], None);
        // A rule whose labels are all there applies.
        let whole =
            [operators.as_slice(), &[(LabelAppKubernetesIoPartOf, "x"), (LabelHelmShChart, "redis-17")]];
        check(&whole.concat(), Some(("x-clickhouse", "")));
    }
}
