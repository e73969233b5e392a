//! The application under audit, with its containers and thresholds.

use std::cell::OnceCell;

use headcount_topology::{
    application_key::ApplicationKey,
    model::{
        AppId, Application, ApplicationInstance, Container, ContainerId, DatabaseEngine, InstanceId, Kind,
        PodPhase, World,
    },
};

use super::audit_context::AuditContext;
use crate::inspections::{Inspection, InspectionThresholds};

/// A container and its instance.
type ObservedContainer<'g> = (ContainerId, &'g Container, &'g ApplicationInstance);

/// An application under audit.
pub(super) struct AuditedApplication<'g, 'a> {
    pub(super) ground: &'g AuditContext<'g, 'a>,
    pub(super) world: &'g World<'a>,
    pub(super) id: AppId,
    pub(super) app: &'g Application,
    containers: Vec<ObservedContainer<'g>>,
    key: OnceCell<ApplicationKey>,
    runs: OnceCell<RunningTypes>,
    thresholds: Option<&'g InspectionThresholds>,
}

impl<'g, 'a> AuditedApplication<'g, 'a> {
    pub(super) fn new(ground: &'g AuditContext<'g, 'a>, id: AppId) -> Self {
        let (world, overrides) = (ground.world, ground.evidence.overrides);
        let subject = Self {
            ground,
            world,
            id,
            app: &world.apps[id],
            containers: containers_of(ground, &world.apps[id]),
            key: OnceCell::new(),
            runs: OnceCell::new(),
            thresholds: None,
        };
        // Most operators set no thresholds, and making a key copies three texts.
        if overrides.applications.is_empty() {
            return subject;
        }
        let thresholds = overrides.applications.get(subject.key());
        Self { thresholds, ..subject }
    }

    /// Its key outside this world.
    pub(super) fn key(&self) -> &ApplicationKey {
        self.key.get_or_init(|| self.app.id.key(&self.world.texts))
    }

    /// The threshold of an inspection.
    pub(super) fn threshold(&self, inspection: Inspection) -> f32 {
        self.ground.evidence.overrides.threshold(inspection, self.thresholds)
    }

    /// Its instances, including those that are gone.
    pub(super) fn instances(&self) -> impl Iterator<Item = (InstanceId, &'g ApplicationInstance)> {
        self.app.instances.iter().map(|id| (*id, &self.world.instances[*id]))
    }

    /// Its instances that should answer: those that are not gone and have not succeeded.
    pub(super) fn present(&self) -> impl Iterator<Item = (InstanceId, &'g ApplicationInstance)> {
        self.instances().filter(|(id, instance)| {
            let phase = instance.pod.and_then(|pod| self.world.pods[pod].phase);
            !self.world.is_obsolete(*id) && phase != Some(PodPhase::Succeeded)
        })
    }

    /// The containers of its instances, with the instances.
    pub(super) fn containers(&self) -> impl Iterator<Item = ObservedContainer<'g>> {
        self.containers.iter().copied()
    }

    /// Whether any container was seen.
    pub(super) fn has_containers(&self) -> bool {
        !self.containers.is_empty()
    }

    /// Whether it is an external service.
    pub(super) fn is_external(&self) -> bool {
        self.app.id.kind == Kind::ExternalService
    }

    /// Whether it runs periodically, so that it need not run all the time.
    pub(super) fn is_periodic(&self) -> bool {
        matches!(self.app.id.kind, Kind::Job | Kind::CronJob)
            || self.containers().any(|(_, container, _)| container.periodic)
    }

    /// Whether any of its containers runs Python.
    pub(super) fn runs_python(&self) -> bool {
        self.running_types().python
    }

    /// Whether any of its instances is a database of that kind, including managed ones.
    pub(super) fn is_database(&self, engine: DatabaseEngine) -> bool {
        self.running_types().engines.contains(&engine)
    }

    fn running_types(&self) -> &RunningTypes {
        self.runs.get_or_init(|| {
            let world = self.world;
            let observed = self.containers().flat_map(|(id, ..)| world.application_types.of(id));
            let observed = observed.map(|name| world.text(*name));
            let managed = self.instances().filter_map(|(_, instance)| instance.managed);
            let managed = managed.map(|managed| &world.managed[managed]);
            let managed =
                managed.filter_map(|managed| managed.service.application_type(world.text(managed.engine)));
            let mut running = RunningTypes::default();
            observed.chain(managed).for_each(|name| running.add(name));
            running
        })
    }
}

/// The containers of the instances of an application.
fn containers_of<'g>(ground: &'g AuditContext<'g, '_>, app: &Application) -> Vec<ObservedContainer<'g>> {
    let world = ground.world;
    let mut found = Vec::with_capacity(app.instances.len());
    for id in &app.instances {
        let containers = ground.containers.of(*id);
        found.extend(containers.map(|of| (*of, &world.containers[*of], &world.instances[*id])));
    }
    found
}

/// The types of software that an application runs, as far as reports depend on them.
#[derive(Debug, Default)]
struct RunningTypes {
    engines: Vec<DatabaseEngine>,
    python: bool,
}

impl RunningTypes {
    /// Adds an application type, such as `postgres`.
    fn add(&mut self, name: &str) {
        self.python |= name == "python";
        if let Some(engine) = DatabaseEngine::of_type(name).filter(|engine| !self.engines.contains(engine)) {
            self.engines.push(engine);
        }
    }
}
