//! Finds the applications without connections to others.

use crate::model::{AppId, ArenaIndex as _, RemoteEndpoint, World};

/// The applications that are connected to others.
#[derive(Debug, Clone)]
pub(super) struct ConnectedApplications {
    apps: Vec<bool>,
}

impl ConnectedApplications {
    /// Marks both ends of all connections between different applications. A connection from or to an instance
    /// that is gone does not count. A connection to an unknown instance of an application counts for that
    /// application and not for its client.
    pub(super) fn of(world: &World<'_>) -> Self {
        let mut apps = vec![false; world.apps.len()];
        for connection in world.connections.values() {
            if world.is_obsolete(connection.instance) {
                continue;
            }
            let client = world.instances[connection.instance].application;
            match connection.remote {
                RemoteEndpoint::Instance(instance) if !world.is_obsolete(instance) => {
                    let server = world.instances[instance].application;
                    if server != client {
                        apps[client.place()] = true;
                        apps[server.place()] = true;
                    }
                }
                RemoteEndpoint::Application(server) if server != client => apps[server.place()] = true,
                _ => {}
            }
        }
        Self { apps }
    }

    /// Whether an application has no connections to others.
    pub(super) fn is_standalone(&self, app: AppId) -> bool {
        !self.apps.get(app.place()).copied().unwrap_or_default()
    }
}
