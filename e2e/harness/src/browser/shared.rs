//! Pools the browsers that tests share one after another, each reset before its next use.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Engine, network::BrowserNetwork, session::WebDriverSession};

/// Idle browsers. The run's clean-up process ends those that are left when the program ends.
static IDLE: Mutex<Vec<WebDriverSession>> = Mutex::new(Vec::new());

/// Takes an idle browser, or starts a new one.
pub(super) async fn take(engine: Engine) -> anyhow::Result<WebDriverSession> {
    let waiting = {
        let mut idle = idle();
        // The most recently used one may have a window of the right size.
        let place = idle.iter().rposition(|session| session.engine() == engine);
        place.map(|place| idle.remove(place))
    };
    match waiting {
        Some(session) => Ok(session),
        None => WebDriverSession::start(engine, BrowserNetwork::Loopback).await,
    }
}

/// Returns a browser to the pool. One that cannot be reset ends.
pub(super) async fn give_back(mut session: WebDriverSession) {
    if session.renew().await.is_ok() {
        idle().push(session);
    }
}

fn idle() -> MutexGuard<'static, Vec<WebDriverSession>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}
