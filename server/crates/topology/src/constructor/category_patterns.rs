//! Matches applications to categories by patterns of `namespace/name`.

use std::collections::{BTreeMap, BTreeSet};

use super::glob_pattern::GlobPattern;
use crate::model::ApplicationCategory;

const APPLICATION: &str = "application";
const CONTROL_PLANE: &str = "control-plane";
const MONITORING: &str = "monitoring";

/// The built-in patterns by category.
const BUILT_IN: [(&str, &[&str]); 3] = [
    (APPLICATION, &[]),
    (
        CONTROL_PLANE,
        &[
            "kube-system/*",
            "*/kubelet",
            "*/kube-apiserver",
            "*/k3s",
            "*/k3s-agent",
            "*/systemd*",
            "*/containerd",
            "*/docker*",
            "*/*chaos-*",
            "istio-system/*",
            "amazon-cloudwatch/*",
            "karpenter/*",
            "cert-manager/*",
            "argocd/*",
            "flux-system/*",
            "linkerd/*",
            "vault/*",
            "keda/*",
            "keycloak/*",
            "longhorn-system/*",
            "calico-system/*",
            "_/esm-cache",
            "_/*motd*",
            "_/*apt*",
            "_/*fwupd*",
            "_/snap*",
            "keptn-system/*",
            "kyverno/*",
            "litmus/*",
            "openshift*/*",
            "_/crio*",
        ],
    ),
    (
        MONITORING,
        &[
            "monitoring/*",
            "prometheus/*",
            "*/*prometheus*",
            "grafana/*",
            "*/*grafana*",
            "*/*alertmanager*",
            "coroot/*",
            "*/*coroot*",
            "metrics-server/*",
            "loki/*",
            "observability/*",
        ],
    ),
];

/// The names of all categories of a project, in order: the built-in ones, and those of the operator.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it has texts of the operator")]
pub struct CategoryNames<'c>(Vec<&'c str>);

impl<'c> CategoryNames<'c> {
    /// The names, given the operator's patterns by category.
    #[must_use]
    pub fn of(custom: &'c BTreeMap<String, Vec<String>>) -> Self {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        let names: BTreeSet<&str> = built_in.chain(custom.keys().map(String::as_str)).collect();
        Self(names.into_iter().collect())
    }

    /// The name of a category of a world that was built with these patterns.
    #[must_use]
    pub fn name(&self, category: ApplicationCategory) -> &'c str {
        match category {
            ApplicationCategory::Application => APPLICATION,
            ApplicationCategory::ControlPlane => CONTROL_PLANE,
            ApplicationCategory::Monitoring => MONITORING,
            ApplicationCategory::Custom(place) => self.0.get(usize::from(place)).unwrap_or(&APPLICATION),
        }
    }
}

/// The patterns of a project, in the order in which they are tried.
#[derive(Debug, Clone)]
pub(super) struct CategoryPatterns {
    patterns: Vec<(ApplicationCategory, GlobPattern)>,
}

impl CategoryPatterns {
    /// The built-in patterns and those of the operator. Categories are tried in the order of their names, the
    /// built-in patterns of each first. So a category `aaa` can take an application out of `monitoring`, and
    /// `zzz` cannot.
    pub(super) fn new(custom: &BTreeMap<String, Vec<String>>) -> Self {
        let CategoryNames(names) = CategoryNames::of(custom);
        let mut patterns = Vec::new();
        for (place, name) in names.into_iter().enumerate() {
            let category = match name {
                APPLICATION => ApplicationCategory::Application,
                CONTROL_PLANE => ApplicationCategory::ControlPlane,
                MONITORING => ApplicationCategory::Monitoring,
                _ => ApplicationCategory::Custom(u16::try_from(place).unwrap_or(u16::MAX)),
            };
            let built_in =
                BUILT_IN.iter().filter(|(other, _)| *other == name).flat_map(|(_, patterns)| *patterns);
            let own = custom.get(name).into_iter().flatten();
            let all = built_in.copied().chain(own.map(String::as_str));
            patterns.extend(all.map(|pattern| (category, GlobPattern::new(pattern))));
        }
        Self { patterns }
    }

    /// The category of an application: that of the first pattern that its `namespace/name` matches.
    pub(super) fn of(&self, namespace_and_name: &str) -> ApplicationCategory {
        self.patterns
            .iter()
            .find(|(_, pattern)| pattern.matches(namespace_and_name))
            .map_or(ApplicationCategory::Application, |(category, _)| *category)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(custom: &[(&str, &[&str])], application: &str, expected: ApplicationCategory) {
        let custom = custom.iter().map(|(name, patterns)| {
            ((*name).to_owned(), patterns.iter().map(|pattern| (*pattern).to_owned()).collect())
        });
        let custom = custom.collect();
        let category = CategoryPatterns::new(&custom).of(application);
        assert_eq!(category, expected, "{application}");
        let name = CategoryNames::of(&custom).name(category);
        let is_custom = matches!(category, ApplicationCategory::Custom(_));
        assert_eq!(is_custom, BUILT_IN.iter().all(|(other, _)| *other != name), "{application}: {name}");
    }

    #[test]
    fn what_runs_and_what_watches_the_infrastructure_is_auxiliary() {
        for (application, expected) in [
            ("kube-system/coredns", ApplicationCategory::ControlPlane),
            ("_/kubelet", ApplicationCategory::ControlPlane),
            ("default/kube-apiserver", ApplicationCategory::ControlPlane),
            ("_/systemd-resolved", ApplicationCategory::ControlPlane),
            ("_/dockerd", ApplicationCategory::ControlPlane),
            ("shop/chaos-mesh", ApplicationCategory::ControlPlane),
            ("_/apt-daily-upgrade", ApplicationCategory::ControlPlane),
            ("openshift-dns/dns-default", ApplicationCategory::ControlPlane),
            ("monitoring/anything", ApplicationCategory::Monitoring),
            ("shop/kube-prometheus-stack", ApplicationCategory::Monitoring),
            ("coroot/node-agent", ApplicationCategory::Monitoring),
            ("shop/cart", ApplicationCategory::Application),
            ("external/payments", ApplicationCategory::Application),
            ("default/apt-mirror", ApplicationCategory::Application),
            ("external/a/b", ApplicationCategory::Application),
        ] {
            check(&[], application, expected);
        }
        assert!(
            ApplicationCategory::ControlPlane.is_auxiliary()
                && ApplicationCategory::Monitoring.is_auxiliary()
        );
        assert!(
            !ApplicationCategory::Application.is_auxiliary()
                && !ApplicationCategory::Custom(0).is_auxiliary()
        );
    }

    #[test]
    fn categories_are_tried_in_the_order_of_their_names() {
        check(&[("aaa", &["monitoring/*"])], "monitoring/x", ApplicationCategory::Custom(0));
        check(&[("zzz", &["monitoring/*"])], "monitoring/x", ApplicationCategory::Monitoring);
        check(&[("zzz", &["shop/*"])], "shop/x", ApplicationCategory::Custom(3));
        check(
            &[("application", &["monitoring/shop-*"])],
            "monitoring/shop-x",
            ApplicationCategory::Application,
        );
        check(&[("monitoring", &["watch/*"])], "watch/x", ApplicationCategory::Monitoring);
        check(&[("zzz", &["[", "shop/?"])], "shop/x", ApplicationCategory::Custom(3));
    }
}
