//! The browsers that tests share: one after another, each as new.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Engine, network::Network, session::Session};

/// Browsers without a user. Those that are left when the program ends are ended by the keeper of the run.
static IDLE: Mutex<Vec<Session>> = Mutex::new(Vec::new());

/// A browser that is as new: one that has no user, or else another one.
pub(super) async fn take(engine: Engine) -> anyhow::Result<Session> {
    let waiting = {
        let mut idle = idle();
        // The one that was used last: it may have a window of the right size.
        let place = idle.iter().rposition(|session| session.engine() == engine);
        place.map(|place| idle.remove(place))
    };
    match waiting {
        Some(session) => Ok(session),
        None => Session::start(engine, Network::Loopback).await,
    }
}

/// Gives a browser back. One that cannot be made as new ends.
pub(super) async fn give_back(mut session: Session) {
    if session.renew().await.is_ok() {
        idle().push(session);
    }
}

fn idle() -> MutexGuard<'static, Vec<Session>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}
