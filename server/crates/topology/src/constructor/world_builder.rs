//! The state of building a world: the world so far, and the indexes that the stages share.

use std::net::IpAddr;

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, QueryResults, ResultRow},
};

use super::{
    WorldSettings, category_patterns::CategoryPatterns, container_index::ContainerIndex,
    glob_pattern::GlobPattern, listener_index::ListenerIndex, node_index::NodeIndex, pod_index::PodIndex,
};
use crate::{
    model::{
        AppId, Application, ApplicationCategory, ApplicationId, ApplicationInstance, FastMap, InstanceId,
        Kind, ListenAddress, ManagedId, NodeId, ServiceId, World,
    },
    prices::CloudPrices,
};

/// A world that is being built, with the indexes that the stages share.
pub(super) struct WorldBuilder<'a, 'p> {
    pub(super) answers: &'a QueryResults,
    pub(super) prices: &'p CloudPrices,
    pub(super) categories: CategoryPatterns,
    /// Names of custom applications, and patterns of the instances that make them up, in the order of the
    /// names.
    custom_applications: Vec<(InternedString, Vec<GlobPattern>)>,
    pub(super) world: World<'a>,
    pub(super) nodes: NodeIndex,
    pub(super) pods: PodIndex,
    pub(super) containers: ContainerIndex,
    /// Managed databases and caches by their ids.
    pub(super) managed: FastMap<InternedString, ManagedId>,
    /// The addresses on which instances listen.
    pub(super) listens: Vec<(InstanceId, ListenAddress)>,
    pub(super) listeners: ListenerIndex,
    /// The alphabetically first domain name of each address.
    pub(super) domain_names: FastMap<IpAddr, InternedString>,
    pub(super) services: FastMap<IpAddr, ServiceId>,
    apps: FastMap<ApplicationId, AppId>,
    instances: FastMap<(AppId, InternedString), InstanceId>,
}

/// The rows of an answer, with the values of some labels.
pub(super) fn read<'a, const N: usize>(
    answers: &'a QueryResults,
    query: &'static PrometheusQuery,
    labels: [Label; N],
) -> impl Iterator<Item = ([InternedString; N], ResultRow<'a>)> {
    let (columns, rows) = answers.rows(query, labels);
    rows.map(move |row| (columns.map(|column| row.label(column)), row))
}

impl<'a, 'p> WorldBuilder<'a, 'p> {
    pub(super) fn new(
        answers: &'a QueryResults,
        configured: WorldSettings<'_>,
        prices: &'p CloudPrices,
    ) -> Self {
        let mut world = World::new(answers);
        let custom = configured.custom_applications.iter();
        let custom_applications = custom
            .map(|(name, patterns)| {
                (world.texts.intern(name), patterns.iter().map(|pattern| GlobPattern::new(pattern)).collect())
            })
            .collect();
        Self {
            answers,
            prices,
            categories: CategoryPatterns::new(configured.application_categories),
            custom_applications,
            world,
            nodes: NodeIndex::default(),
            pods: PodIndex::default(),
            containers: ContainerIndex::default(),
            managed: FastMap::default(),
            listens: Vec::new(),
            listeners: ListenerIndex::default(),
            domain_names: FastMap::default(),
            services: FastMap::default(),
            apps: FastMap::default(),
            instances: FastMap::default(),
        }
    }

    /// The symbol of a namespace; that of `_` if the name is empty.
    pub(super) fn namespace(&mut self, name: &str) -> InternedString {
        self.world.texts.intern(if name.is_empty() { "_" } else { name })
    }

    /// The application with that id, if it is known.
    pub(super) fn find_application(&self, id: ApplicationId) -> Option<AppId> {
        self.apps.get(&id).copied()
    }

    /// The application with that id. Adds it if it is new.
    pub(super) fn application(
        &mut self,
        namespace: InternedString,
        kind: Kind,
        name: InternedString,
    ) -> AppId {
        let id = ApplicationId { namespace, kind, name };
        let apps = &mut self.world.apps;
        *self.apps.entry(id).or_insert_with(|| {
            apps.add(Application {
                id,
                instances: Vec::new(),
                desired_instances: f32::NAN,
                category: ApplicationCategory::default(),
                joined: None,
            })
        })
    }

    /// The instance with that name, which is unique within its application. Adds it if it is new. If an
    /// instance is reported on several nodes, the one whose ids sort first counts.
    pub(super) fn instance(
        &mut self,
        application: AppId,
        name: InternedString,
        node: Option<NodeId>,
    ) -> InstanceId {
        let Some(known) = self.instances.get(&(application, name)).copied() else {
            let added = self.add_instance(application, name, node);
            self.instances.insert((application, name), added);
            return added;
        };
        let instance = &mut self.world.instances[known];
        let replaces = match (instance.node, node) {
            (None, Some(_)) => true,
            (Some(old), Some(new)) if old != new => {
                let key = |node: NodeId| self.world.nodes[node].key;
                key(new).compare(key(old), &self.world.texts).is_lt()
            }
            _ => false,
        };
        if replaces {
            instance.node = node;
        }
        known
    }

    /// The instance with that name of an application, if it is known.
    pub(super) fn find_instance(&self, application: AppId, name: InternedString) -> Option<InstanceId> {
        self.instances.get(&(application, name)).copied()
    }

    /// Adds an instance to the index by name.
    pub(super) fn name_instance(&mut self, instance: InstanceId) {
        let ApplicationInstance { application, name, .. } = self.world.instances[instance];
        self.instances.insert((application, name), instance);
    }

    /// Adds an instance, even if another one has that name.
    pub(super) fn add_instance(
        &mut self,
        application: AppId,
        name: InternedString,
        node: Option<NodeId>,
    ) -> InstanceId {
        let instance =
            ApplicationInstance { name, application, node, pod: None, managed: None, membership: None };
        let id = self.world.instances.add(instance);
        self.world.apps[application].instances.push(id);
        id
    }

    /// The name of the custom application that an instance belongs to, if any.
    pub(super) fn custom_application(&self, instance: InternedString) -> Option<InternedString> {
        let instance = self.world.text(instance);
        let matches = |patterns: &[GlobPattern]| patterns.iter().any(|pattern| pattern.matches(instance));
        self.custom_applications.iter().find(|(_, patterns)| matches(patterns)).map(|(name, _)| *name)
    }
}
