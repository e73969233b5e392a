//! Generates the connections between instances.

use std::iter;

use anyhow::{Context, bail};

use super::ModelBuilder;
use crate::{
    growth_rate::TimeSpan,
    model::{ApplicationOrigin, InstanceIndex, SimulatedApplication, SimulatedConnection, SimulatedModel},
    shape::{CallFailures, CallRoute, ServiceCall},
    software::{Protocol, SimulatedDatabaseKind},
};

/// With how many instances of the callee an instance is connected.
const BREADTH: usize = 2;

impl ModelBuilder {
    pub(super) fn add_call(&mut self, call: &ServiceCall) -> anyhow::Result<()> {
        let place = |name: &str| {
            let place = self.places.get(name).copied();
            place.with_context(|| format!("a call refers to {name}, which is not in the shape"))
        };
        let (from, to) = (place(&call.from)?, place(&call.to)?);
        let before = self.model.connections.len();
        for instance in 0..self.model.applications[from].instances.len() {
            self.connect(InstanceIndex { application: from, instance }, to, call);
        }
        if self.model.connections.len() == before {
            bail!("{} cannot call {}", call.from, call.to);
        }
        Ok(())
    }

    /// Connects an instance with some instances of an application, both ended and running ones.
    fn connect(&mut self, from: InstanceIndex, application: usize, call: &ServiceCall) {
        let via = call.via;
        let during = |it: CallFailures| TimeSpan { from: self.epoch + it.from, until: self.epoch + it.until };
        let trouble = call.trouble.map(|trouble| (during(trouble), trouble));
        let model = &self.model;
        let caller = model.instance(from);
        let called = &model.applications[application];
        let reachable = called.instances.iter().enumerate().filter_map(|(instance, callee)| {
            let near = via != CallRoute::Loopback || callee.node == caller.node;
            let lifetime = caller.lifetime.with(&callee.lifetime).filter(|_| near)?;
            Some((InstanceIndex { application, instance }, lifetime))
        });
        let (gone, there): (Vec<_>, Vec<_>) = reachable.partition(|(_, lifetime)| lifetime.until.is_some());
        let breadth = if via == CallRoute::ServiceInVain { 1 } else { BREADTH };
        let mut connections = Vec::new();
        // Every generation of the callee has its callers, ended ones too.
        let generations = gone.chunk_by(|(_, one), (_, another)| one == another);
        for generation in iter::once(there.as_slice()).chain(generations) {
            let from_here = generation.iter().cycle().skip(from.instance).take(generation.len().min(breadth));
            let ways = from_here.filter_map(|(to, lifetime)| {
                let (destination, actual_destination) = model.way(*to, via)?;
                let protocol = called.protocol();
                Some(SimulatedConnection {
                    from,
                    to: *to,
                    via,
                    destination,
                    actual_destination,
                    protocol,
                    lifetime: *lifetime,
                    trouble,
                })
            });
            connections.extend(ways);
        }
        self.model.connections.extend(connections);
    }
}

impl SimulatedModel {
    /// The destination and the actual destination that the agent of a caller reports.
    fn way(&self, to: InstanceIndex, via: CallRoute) -> Option<(String, String)> {
        let callee = self.instance(to);
        let address = callee.address();
        let service = || {
            let service = &self.services[self.applications[to.application].service?];
            Some(format!("{}:{}", service.cluster_ip, callee.port))
        };
        match via {
            CallRoute::Address => Some((address.clone(), callee.reached.clone().unwrap_or(address))),
            CallRoute::Loopback => {
                Some((format!("127.0.0.1:{}", callee.port), format!("127.0.0.1:{}", callee.port)))
            }
            CallRoute::Service => Some((service()?, address)),
            CallRoute::ServiceInVain => Some((service()?, String::new())),
        }
    }
}

impl SimulatedApplication {
    /// The protocol that agents detect on connections to it.
    fn protocol(&self) -> Protocol {
        match &self.origin {
            ApplicationOrigin::Cloud(plan) => match plan.database {
                Some(SimulatedDatabaseKind::Postgres) => Protocol::Postgres,
                Some(SimulatedDatabaseKind::Mysql) => Protocol::Mysql,
                Some(SimulatedDatabaseKind::Redis) => Protocol::Redis,
                Some(SimulatedDatabaseKind::Memcached) => Protocol::Memcached,
                Some(SimulatedDatabaseKind::Mongodb) => Protocol::Mongo,
                None => Protocol::Opaque,
            },
            // Connections to external services are encrypted.
            ApplicationOrigin::External => Protocol::Opaque,
            ApplicationOrigin::Workload(_) => {
                let container = self.instances.iter().flat_map(|instance| &instance.containers).next();
                container.map_or(Protocol::Opaque, |container| container.software.protocol)
            }
        }
    }
}
