//! Which application is audited, and what does the operator say of it?

use std::cell::OnceCell;

use super::ground::Ground;
use crate::world::{
    application_key::ApplicationKey,
    inspections::{Inspection, Thresholds},
    model::{AppId, Application, Container, ContainerId, Engine, Instance, InstanceId, Kind, Phase, World},
};

/// An application under audit.
pub(super) struct Subject<'g, 'a> {
    pub(super) ground: &'g Ground<'g, 'a>,
    pub(super) world: &'g World<'a>,
    pub(super) id: AppId,
    pub(super) app: &'g Application,
    key: OnceCell<ApplicationKey>,
    thresholds: Option<&'g Thresholds>,
}

impl<'g, 'a> Subject<'g, 'a> {
    pub(super) fn new(ground: &'g Ground<'g, 'a>, id: AppId) -> Self {
        let (world, overrides) = (ground.world, ground.evidence.overrides);
        let subject =
            Self { ground, world, id, app: &world.apps[id], key: OnceCell::new(), thresholds: None };
        // Most operators say nothing, and a key is three texts.
        if overrides.applications.is_empty() {
            return subject;
        }
        let thresholds = overrides.applications.get(subject.key());
        Self { thresholds, ..subject }
    }

    /// What it is known by for longer than this world.
    pub(super) fn key(&self) -> &ApplicationKey {
        self.key.get_or_init(|| self.app.id.key(&self.world.texts))
    }

    /// The threshold of an inspection.
    pub(super) fn threshold(&self, inspection: Inspection) -> f32 {
        self.ground.evidence.overrides.threshold(inspection, self.thresholds)
    }

    /// Its instances, those that are gone included.
    pub(super) fn instances(&self) -> impl Iterator<Item = (InstanceId, &'g Instance)> {
        self.app.instances.iter().map(|id| (*id, &self.world.instances[*id]))
    }

    /// Its instances that should answer: those that are not gone and have not done their work.
    pub(super) fn present(&self) -> impl Iterator<Item = (InstanceId, &'g Instance)> {
        self.instances().filter(|(id, instance)| {
            let phase = instance.pod.and_then(|pod| self.world.pods[pod].phase);
            !self.world.is_obsolete(*id) && phase != Some(Phase::Succeeded)
        })
    }

    /// The containers of its instances, with these.
    pub(super) fn containers(&self) -> impl Iterator<Item = (ContainerId, &'g Container, &'g Instance)> {
        let (world, ground) = (self.world, self.ground);
        self.instances().flat_map(move |(id, instance)| {
            let containers = ground.containers.of(id);
            containers.map(move |container| (*container, &world.containers[*container], instance))
        })
    }

    /// Whether any container was seen.
    pub(super) fn has_containers(&self) -> bool {
        self.containers().next().is_some()
    }

    /// Whether it is something that is connected to and not observed.
    pub(super) fn is_external(&self) -> bool {
        self.app.id.kind == Kind::ExternalService
    }

    /// Whether it runs now and then, so that it need not run.
    pub(super) fn is_periodic(&self) -> bool {
        matches!(self.app.id.kind, Kind::Job | Kind::CronJob)
            || self.containers().any(|(_, container, _)| container.periodic)
    }

    /// Whether any of its containers runs something of a type, by the names of types.
    pub(super) fn runs(&self, is_type: impl Fn(&str) -> bool) -> bool {
        self.containers()
            .any(|(id, ..)| self.world.application_types.of(id).any(|name| is_type(self.world.text(*name))))
    }

    /// Whether any of its instances is a database of a kind, managed ones included.
    pub(super) fn is_database(&self, engine: Engine) -> bool {
        let managed = || self.instances().filter_map(|(_, instance)| instance.managed);
        self.runs(|name| Engine::of_type(name) == Some(engine))
            || managed().any(|managed| {
                let managed = &self.world.managed[managed];
                let name = managed.service.application_type(self.world.text(managed.engine));
                name.and_then(Engine::of_type) == Some(engine)
            })
    }
}
