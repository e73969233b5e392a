//! Holds answers back until a test releases them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The paths whose answers are held, each with its waiting requests.
#[derive(Debug, Default)]
pub(super) struct PathGates(Mutex<BTreeMap<String, Arc<PathGate>>>);

#[derive(Debug, Default)]
struct PathGate {
    held: Mutex<usize>,
    released: Notify,
}

impl PathGates {
    pub(super) fn close(&self, path: &str) {
        self.gates().entry(path.to_owned()).or_default();
    }

    pub(super) fn held(&self, path: &str) -> usize {
        self.gates().get(path).map_or(0, |gate| *gate.held())
    }

    pub(super) fn release(&self, path: &str) {
        if let Some(gate) = self.gates().get(path) {
            gate.release();
        }
    }

    pub(super) fn open(&self, path: &str) {
        if let Some(gate) = self.gates().remove(path) {
            gate.release();
        }
    }

    /// Waits until an answer for a path may be sent.
    pub(super) async fn pass(&self, path: &str) {
        let gate = self.gates().get(path).map(Arc::clone);
        if let Some(gate) = gate {
            gate.pass().await;
        }
    }

    fn gates(&self) -> MutexGuard<'_, BTreeMap<String, Arc<PathGate>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PathGate {
    fn held(&self) -> MutexGuard<'_, usize> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self) {
        *self.held() = 0;
        self.released.notify_waiters();
    }

    async fn pass(&self) {
        let released = {
            let mut held = self.held();
            *held += 1;
            // Registered for a release before others can see that it waits.
            self.released.notified()
        };
        released.await;
    }
}
