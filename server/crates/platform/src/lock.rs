//! Locks a mutex, also after a panic of a thread that held it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The guard of `mutex`. For values whose every change is complete before anything can panic: what a panic
/// leaves behind is still right.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
