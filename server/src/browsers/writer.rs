//! The one thread that writes the journal.
//!
//! Events wait in a bounded queue. The thread takes all that wait, appends them with one write, counts them, and answers
//! them. Nobody else touches the journal: cuts and syncs are work for the same thread.
//!
//! To wake a sleeping thread costs more than all else that an event needs. So the task that queued an event lets the other
//! tasks that are ready go first: they queue their events too, and all of them wake the thread once.
//!
//! An event that was given up ([`Ticket::give_up`]) while it waited is never written. One that was given up while it was
//! being written is not counted, and a line that takes it back follows in the journal. Only if the process ends between
//! these two writes may a later start count it.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use headcount_shared::breakpoint::Breakpoint;
use tokio::sync::Notify;

use super::{RecordError, pseudonym::BrowserPseudonym};
use crate::peer_address::AddressHash;

/// Events that wait at once. Every connection has one at most, so only a product with a web server of its own gets here.
const QUEUED_EVENTS: usize = 4096;

/// A page view on its way to the journal.
#[derive(Debug)]
pub(super) struct QueuedEvent {
    pub(super) browser: Option<BrowserPseudonym>,
    pub(super) size: Breakpoint,
    pub(super) page: Arc<str>,
    pub(super) address: Option<AddressHash>,
    verdict: Arc<Verdict>,
}

/// Work for the thread beside events.
type Task<S> = Box<dyn FnOnce(&mut S) + Send>;

/// What the thread works on.
pub(super) trait JournalState: Send + 'static {
    /// Writes, counts and decides events; [`QueuedEvent::decide`] is called for each.
    fn write(&mut self, events: Vec<QueuedEvent>);

    /// Finishes what waits, before the thread ends.
    fn finish(&mut self);
}

/// The thread and its queue. When this is dropped, the thread has ended.
#[derive(Debug)]
pub(super) struct JournalWriter<S> {
    queue: Arc<Queue<S>>,
    thread: Option<JoinHandle<()>>,
}

struct Queue<S> {
    waiting: Mutex<Waiting<S>>,
    work: Condvar,
}

struct Waiting<S> {
    events: Vec<QueuedEvent>,
    tasks: VecDeque<Task<S>>,
    /// Whether the thread sleeps.
    idle: bool,
    /// How the thread ends, or has ended.
    ended: Option<ThreadEnd>,
}

/// How the thread ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThreadEnd {
    /// It was told to.
    Closed,
    /// By a bug.
    Broken,
}

impl<S> std::fmt::Debug for Queue<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl<S: JournalState> JournalWriter<S> {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system refused.
    pub(super) fn start(mut state: S) -> io::Result<Self> {
        let waiting = Waiting { events: Vec::new(), tasks: VecDeque::new(), idle: false, ended: None };
        let queue = Arc::new(Queue { waiting: Mutex::new(waiting), work: Condvar::new() });
        let of_thread = EndOfThread(Arc::clone(&queue));
        let thread = thread::Builder::new().name("journal".to_owned()).spawn(move || {
            while let Some((tasks, events)) = of_thread.0.next() {
                tasks.into_iter().for_each(|task| task(&mut state));
                if !events.is_empty() {
                    state.write(events);
                }
            }
            state.finish();
        })?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Queues an event. The thread is woken by [`Ticket::decision`], or when the ticket is dropped.
    ///
    /// # Errors
    /// [`RecordError::Busy`] when too many wait; [`RecordError::Closed`] or [`RecordError::Broken`] when the thread has ended.
    pub(super) fn submit(
        &self,
        browser: Option<BrowserPseudonym>,
        size: Breakpoint,
        page: Arc<str>,
        address: Option<AddressHash>,
    ) -> Result<Ticket<S>, RecordError> {
        let verdict = Arc::new(Verdict::default());
        let event = QueuedEvent { browser, size, page, address, verdict: Arc::clone(&verdict) };
        let mut waiting = self.queue.lock();
        match waiting.ended {
            None => {}
            Some(ThreadEnd::Closed) => return Err(RecordError::Closed),
            Some(ThreadEnd::Broken) => return Err(RecordError::Broken),
        }
        if waiting.events.len() >= QUEUED_EVENTS {
            return Err(RecordError::Busy);
        }
        waiting.events.push(event);
        Ok(Ticket { verdict, queue: Arc::clone(&self.queue), wakes: true })
    }

    /// Lets the thread do something with the journal, and waits for it.
    ///
    /// # Errors
    /// The thread has ended.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (done, result) = mpsc::sync_channel(1);
        let task: Task<S> = Box::new(move |state| {
            // Its receiver is there until it is done.
            done.send(work(state)).ok();
        });
        self.queue.add_task(task);
        result.recv().map_err(|_| io::Error::other("the thread that writes the journal has ended"))
    }
}

impl<S> Drop for JournalWriter<S> {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        waiting.ended.get_or_insert(ThreadEnd::Closed);
        self.queue.wake(waiting);
        if let Some(thread) = self.thread.take() {
            // A panic in it was reported where it happened.
            thread.join().ok();
        }
    }
}

impl<S> Queue<S> {
    /// What waits, once something does; `None` when the thread is to end.
    fn next(&self) -> Option<(VecDeque<Task<S>>, Vec<QueuedEvent>)> {
        let mut waiting = self.lock();
        loop {
            if !waiting.tasks.is_empty() || !waiting.events.is_empty() {
                let tasks = std::mem::take(&mut waiting.tasks);
                return Some((tasks, std::mem::take(&mut waiting.events)));
            }
            if waiting.ended.is_some() {
                return None;
            }
            waiting.idle = true;
            waiting = self.work.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.idle = false;
        }
    }

    /// Queues a task, or drops it when the thread ends.
    fn add_task(&self, task: Task<S>) {
        let mut waiting = self.lock();
        if waiting.ended.is_none() {
            waiting.tasks.push_back(task);
            self.wake(waiting);
        }
    }

    /// Wakes the thread if it sleeps.
    fn wake(&self, waiting: MutexGuard<'_, Waiting<S>>) {
        let idle = waiting.idle;
        drop(waiting);
        if idle {
            self.work.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<S>> {
        // Every change is whole before anything can panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers what still waits when the thread ends, however it ends.
struct EndOfThread<S>(Arc<Queue<S>>);

impl<S> Drop for EndOfThread<S> {
    fn drop(&mut self) {
        let (ended, decision) = match thread::panicking() {
            true => (ThreadEnd::Broken, Decision::Broken),
            false => (ThreadEnd::Closed, Decision::Closed),
        };
        let mut waiting = self.0.lock();
        waiting.ended = Some(ended);
        // Whoever waits for a task finds its channel closed.
        waiting.tasks.clear();
        std::mem::take(&mut waiting.events).iter().for_each(|event| {
            event.decide(decision);
        });
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Decision {
    /// It is in the journal and counted.
    Counted = 1,
    /// The disk refused it.
    Failed = 2,
    /// Statistics are off.
    Closed = 3,
    /// Its sender waited for too long.
    GivenUp = 4,
    /// A bug ended the thread.
    Broken = 5,
}

const UNDECIDED: u8 = 0;

/// The decision on an event: made once, by the thread or by who gives the event up.
#[derive(Debug, Default)]
struct Verdict {
    decision: AtomicU8,
    decided: Notify,
}

impl Verdict {
    /// Decides, unless that is done already.
    fn decide(&self, decision: Decision) -> bool {
        let decided =
            self.decision.compare_exchange(UNDECIDED, decision as u8, Ordering::AcqRel, Ordering::Acquire);
        if decided.is_ok() {
            self.decided.notify_one();
        }
        decided.is_ok()
    }

    fn get(&self) -> Option<Decision> {
        match self.decision.load(Ordering::Acquire) {
            UNDECIDED => None,
            1 => Some(Decision::Counted),
            2 => Some(Decision::Failed),
            3 => Some(Decision::Closed),
            5 => Some(Decision::Broken),
            _ => Some(Decision::GivenUp),
        }
    }
}

impl QueuedEvent {
    /// Whether its sender has given it up.
    pub(super) fn is_given_up(&self) -> bool {
        self.verdict.get() == Some(Decision::GivenUp)
    }

    /// Decides on the event; `false` when its sender has given it up.
    pub(super) fn decide(&self, decision: Decision) -> bool {
        self.verdict.decide(decision)
    }
}

/// An event that waits. Dropping this changes nothing: the event is written and counted.
#[derive(Debug)]
pub(super) struct Ticket<S> {
    verdict: Arc<Verdict>,
    queue: Arc<Queue<S>>,
    /// Whether the thread is still to be woken for this event.
    wakes: bool,
}

impl<S> Ticket<S> {
    /// Waits for the decision.
    pub(super) async fn decision(&mut self) -> Decision {
        // Others that are ready queue their events meanwhile.
        tokio::task::yield_now().await;
        self.wake_writer();
        loop {
            if let Some(decision) = self.verdict.get() {
                return decision;
            }
            self.verdict.decided.notified().await;
        }
    }

    /// Gives the event up, unless it is decided: then that is the decision.
    pub(super) fn give_up(&self) -> Decision {
        self.verdict.decide(Decision::GivenUp);
        self.verdict.get().unwrap_or(Decision::GivenUp)
    }

    /// Wakes the thread for this event, unless that was done.
    pub(super) fn wake_writer(&mut self) {
        if std::mem::take(&mut self.wakes) {
            self.queue.wake(self.queue.lock());
        }
    }
}

impl<S> Drop for Ticket<S> {
    fn drop(&mut self) {
        self.wake_writer();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics when it is to write.
    struct PanickingJournal;

    impl JournalState for PanickingJournal {
        fn write(&mut self, _: Vec<QueuedEvent>) {
            panic!("this journal cannot write");
        }

        fn finish(&mut self) {}
    }

    #[tokio::test]
    async fn a_bug_in_the_thread_is_a_failure_and_not_off() {
        let writer = JournalWriter::start(PanickingJournal).unwrap();
        let submit = || writer.submit(None, Breakpoint::Lg, "/".into(), None);
        drop(submit().unwrap());
        // Work that waits with the event is done before it, later work never.
        let _done_or_dropped = writer.run(|_| ());
        writer.run(|_| ()).unwrap_err();
        assert!(matches!(submit(), Err(RecordError::Broken)));
    }
}
