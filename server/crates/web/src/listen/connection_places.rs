//! Limits the number of connections, and picks the one to close when all places are taken.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use headcount_platform::{address_hash::AddressHash, lock::lock};
use tokio::sync::Notify;

use super::connection_watch::ConnectionWatch;

/// The maximum of open connections, if the system has descriptors for them.
const CONNECTIONS: usize = 1024;

/// Descriptors that are reserved for files, the database and outgoing connections.
const DESCRIPTORS_FOR_OTHERS: usize = 256;

/// How often to search for a connection to close, while all are busy.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How many connections may be open under a limit of descriptors. Of a small limit, half is reserved.
pub(super) fn connection_limit(descriptors: Option<usize>) -> usize {
    let Some(descriptors) = descriptors else { return CONNECTIONS };
    let for_others = DESCRIPTORS_FOR_OTHERS.min(descriptors / 2);
    (descriptors - for_others).clamp(1, CONNECTIONS)
}

/// The connections that are open.
#[derive(Debug)]
pub(super) struct ConnectionPlaces {
    limit: usize,
    open: Mutex<OpenConnections>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct OpenConnections {
    watches: HashMap<u64, Arc<ConnectionWatch>>,
    next_id: u64,
}

/// The place of one connection, free again when this is dropped.
#[derive(Debug)]
pub(super) struct ConnectionPlace {
    places: Arc<ConnectionPlaces>,
    id: u64,
    watch: Arc<ConnectionWatch>,
}

impl ConnectionPlace {
    /// The watch of the connection.
    pub(super) fn watch(&self) -> Arc<ConnectionWatch> {
        Arc::clone(&self.watch)
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.places.lock().watches.remove(&self.id);
        self.places.freed.notify_one();
    }
}

impl ConnectionPlaces {
    /// Places for at most `limit` connections.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, open: Mutex::default(), freed: Notify::new() })
    }

    /// A place for a connection from `address`, as soon as there is one. One caller at a time.
    pub(super) async fn take(self: &Arc<Self>, address: AddressHash) -> ConnectionPlace {
        loop {
            if let Some(place) = self.try_take(address) {
                return place;
            }
            self.close_one();
            // If no connection waits for its peer, all are busy and end by themselves.
            tokio::time::timeout(LOOK_AGAIN, self.freed.notified()).await.ok();
        }
    }

    fn try_take(self: &Arc<Self>, address: AddressHash) -> Option<ConnectionPlace> {
        let mut open = self.lock();
        if open.watches.len() >= self.limit {
            return None;
        }
        let (id, watch) = (open.next_id, Arc::new(ConnectionWatch::new(address)));
        open.next_id += 1;
        open.watches.insert(id, Arc::clone(&watch));
        Some(ConnectionPlace { places: Arc::clone(self), id, watch })
    }

    fn close_one(&self) {
        let open = self.lock();
        let waiting = open.watches.values().filter(|watch| !watch.is_closing());
        let waiting = waiting.filter_map(|watch| {
            let waits = watch.waits_for_peer()?;
            Some(WaitingConnection { watch, address: watch.address(), waits })
        });
        let all = open.watches.values().map(|watch| watch.address());
        if let Some(WaitingConnection { watch, .. }) = longest_waiting(waiting, majority(all)) {
            watch.close();
        }
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        // Every change is whole before anything can panic.
        lock(&self.open)
    }
}

/// A connection that waits for its peer.
#[derive(Debug, Clone, Copy)]
struct WaitingConnection<W> {
    watch: W,
    address: AddressHash,
    waits: Duration,
}

/// The connection that has waited longest; of those from `first`, if that address has any.
fn longest_waiting<W>(
    waiting: impl Iterator<Item = WaitingConnection<W>>,
    first: Option<AddressHash>,
) -> Option<WaitingConnection<W>> {
    waiting.max_by_key(|connection| (Some(connection.address) == first, connection.waits))
}

/// The address of more than half of the connections, if there is one.
fn majority(addresses: impl Iterator<Item = AddressHash> + Clone) -> Option<AddressHash> {
    // The vote of Boyer and Moore: pairs of different addresses cancel each other out.
    let (mut candidate, mut votes, mut all) = (None, 0_usize, 0_usize);
    for address in addresses.clone() {
        all += 1;
        if votes == 0 {
            candidate = Some(address);
        }
        if candidate == Some(address) {
            votes += 1;
        } else {
            votes -= 1;
        }
    }
    let of_candidate = addresses.filter(|&address| Some(address) == candidate).count();
    candidate.filter(|_| of_candidate * 2 > all)
}

#[cfg(test)]
mod tests {
    use headcount_platform::address_hash::AddressHasher;

    use super::*;

    fn addresses() -> [AddressHash; 3] {
        let hasher = AddressHasher::new();
        [1, 2, 3].map(|last| hasher.hash([10, 0, 0, last].into()))
    }

    #[test]
    fn connections_leave_descriptors_for_files() {
        for (descriptors, connections) in [
            (None, 1024),
            (Some(1_000_000), 1024),
            (Some(1280), 1024),
            (Some(1024), 768),
            (Some(512), 256),
            (Some(100), 50),
            (Some(1), 1),
            (Some(0), 1),
        ] {
            assert_eq!(connection_limit(descriptors), connections, "{descriptors:?}");
        }
    }

    #[test]
    fn an_address_has_the_majority_only_with_more_than_half() {
        let [a, b, c] = addresses();
        for (connections, expected) in [
            (vec![], None),
            (vec![a], Some(a)),
            (vec![a, b], None),
            (vec![b, a, a], Some(a)),
            (vec![a, b, c, b, b, b], Some(b)),
            (vec![a, b, c], None),
            (vec![a, b, a, c], None),
        ] {
            assert_eq!(majority(connections.iter().copied()), expected, "{connections:?}");
        }
    }

    #[test]
    fn the_one_that_waits_longest_makes_room_first_of_an_address_that_has_most() {
        let [a, b, _] = addresses();
        let waiting = [(1, a, 10), (2, a, 20), (3, b, 30)].map(|(watch, address, seconds)| {
            WaitingConnection { watch, address, waits: Duration::from_secs(seconds) }
        });
        let chosen = |first| longest_waiting(waiting.into_iter(), first).map(|connection| connection.watch);
        assert_eq!(chosen(None), Some(3));
        assert_eq!(chosen(Some(a)), Some(2));
        assert_eq!(chosen(Some(addresses()[0])), Some(3), "an address without a connection that waits");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_comes_from_who_waits_and_else_from_who_ends() {
        let [a, b, _] = addresses();
        let places = ConnectionPlaces::new(2);
        let (idle, busy) = (places.take(a).await, places.take(b).await);
        busy.watch().request_begins();
        let idle_ends = tokio::spawn(async move {
            idle.watch().has_to_end().await;
            drop(idle);
        });
        let third = places.take(a).await;
        idle_ends.await.unwrap();
        third.watch().request_begins();
        // Both are busy now.
        let waits = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take(b).await }
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(!waits.is_finished() && !busy.watch().is_closing() && !third.watch().is_closing());
        drop(busy);
        waits.await.unwrap();
    }
}
