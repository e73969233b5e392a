//! Writes the journal, on the thread that received an event or on a thread of its own.
//!
//! Events wait in a bounded queue. The thread that writes takes all waiting events, appends them with one
//! write, counts them, and answers them. Cuts and syncs are work for the journal's thread.
//!
//! To hand an event to another thread and to be woken by it costs more than the rest of its processing. So a
//! worker of the runtime writes it in place, while the disk is fast and another worker is free for other
//! tasks ([`WriterQueue::write_here`]). A write that takes long moves all writing to the journal's thread, until
//! that has seen many fast ones.
//!
//! If events go to the thread, a task that queued one yields to other ready tasks first: they queue their
//! events too, and the thread is woken once for all of them.
//!
//! An event that was given up ([`EventTicket::give_up`]) while it waited is never written. One that was given up
//! while it was being written is not counted, and a line that takes it back follows in the journal. Only if
//! the process ends between these two writes may a later start count it.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU8, AtomicU32, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use headcount_shared::breakpoint::Breakpoint;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Notify,
    time::Instant,
};

use super::{RecordError, pseudonym::BrowserPseudonym};
use crate::peer_address::AddressHash;

/// The maximum of waiting events. A connection has at most one, so only a product with its own web server
/// reaches this.
const QUEUED_EVENTS: usize = 4096;

/// A write that takes longer comes from a slow disk. An ordinary one takes some 10 µs, and a worker that
/// loses its core in the middle of one gets it back after a few milliseconds.
const SLOW_WRITE: Duration = Duration::from_millis(20);

/// The number of fast writes in a row after which a slow disk is considered fast again.
const FAST_WRITES: u32 = 100;

/// A page view on its way to the journal.
#[derive(Debug)]
pub(super) struct QueuedEvent {
    pub(super) browser: Option<BrowserPseudonym>,
    pub(super) size: Breakpoint,
    pub(super) page: Arc<str>,
    pub(super) address: Option<AddressHash>,
    verdict: Arc<DecisionCell>,
}

/// Work for the thread beside events.
type WriterTask<S> = Box<dyn FnOnce(&mut S) + Send>;

/// The state that the thread works on.
pub(super) trait JournalState: Send + 'static {
    /// Writes, counts and decides events. Calls [`QueuedEvent::decide`] for each.
    fn write(&mut self, events: &[QueuedEvent]);

    /// Finishes what waits, before the thread ends.
    fn finish(&mut self);
}

/// The thread and its queue. When this is dropped, the thread has ended.
#[derive(Debug)]
pub(super) struct JournalWriter<S> {
    queue: Arc<WriterQueue<S>>,
    thread: Option<JoinHandle<()>>,
}

struct WriterQueue<S> {
    /// Locked by the thread that writes, before `waiting`.
    state: Mutex<S>,
    waiting: Mutex<QueuedWork<S>>,
    work: Condvar,
    /// The number of fast writes that are still required before workers write; 0 while the disk is fast.
    fast_writes_ahead: AtomicU32,
}

struct QueuedWork<S> {
    events: Vec<QueuedEvent>,
    tasks: VecDeque<WriterTask<S>>,
    /// Whether the thread sleeps.
    idle: bool,
    /// How the thread ends, or has ended.
    ended: Option<ThreadEnd>,
}

/// How the thread ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThreadEnd {
    /// It was closed.
    Closed,
    /// By a bug.
    Broken,
}

impl<S> std::fmt::Debug for WriterQueue<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WriterQueue").finish_non_exhaustive()
    }
}

impl<S: JournalState> JournalWriter<S> {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system refused.
    pub(super) fn start(state: S) -> io::Result<Self> {
        let waiting = QueuedWork { events: Vec::new(), tasks: VecDeque::new(), idle: false, ended: None };
        let queue = Arc::new(WriterQueue {
            state: Mutex::new(state),
            waiting: Mutex::new(waiting),
            work: Condvar::new(),
            fast_writes_ahead: AtomicU32::new(0),
        });
        let of_thread = Arc::clone(&queue);
        let thread = thread::Builder::new().name("journal".to_owned()).spawn(move || {
            let _broken = EndIfPanicking(&of_thread);
            while let Some((tasks, events)) = of_thread.next() {
                let mut state = of_thread.lock_state();
                tasks.into_iter().for_each(|task| task(&mut state));
                of_thread.write(&mut state, events);
            }
            of_thread.lock_state().finish();
            of_thread.end(ThreadEnd::Closed);
        })?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Queues an event. It is written by [`EventTicket::write_here`], or by the thread, which [`EventTicket::decision`]
    /// or the end of the ticket wakes.
    ///
    /// # Errors
    /// [`RecordError::Busy`] when too many wait; [`RecordError::Closed`] or [`RecordError::Broken`] when the
    /// thread has ended.
    pub(super) fn submit(
        &self,
        browser: Option<BrowserPseudonym>,
        size: Breakpoint,
        page: Arc<str>,
        address: Option<AddressHash>,
    ) -> Result<EventTicket<S>, RecordError> {
        let verdict = Arc::new(DecisionCell::default());
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
        Ok(EventTicket { verdict, queue: Arc::clone(&self.queue), wakes: true })
    }

    /// Runs `work` on the thread, with the journal, and waits for it.
    ///
    /// # Errors
    /// The thread has ended.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (done, result) = mpsc::sync_channel(1);
        let task: WriterTask<S> = Box::new(move |state| {
            // The receiver waits until the work is done.
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

impl<S: JournalState> WriterQueue<S> {
    /// Writes the waiting events on the thread of the caller. Does nothing and returns `false` where this
    /// could block more than one request: while the disk is slow, while another thread writes, or if the
    /// runtime has no other worker.
    fn write_here(&self) -> bool {
        if self.fast_writes_ahead.load(Ordering::Relaxed) > 0 || !has_another_worker() {
            return false;
        }
        let Ok(mut state) = self.state.try_lock() else { return false };
        let events = match &mut *self.lock() {
            QueuedWork { ended: None, events, .. } => std::mem::take(events),
            _ => return false,
        };
        self.write(&mut state, events);
        true
    }

    /// Writes events, notes how long that took, and wakes their senders.
    fn write(&self, state: &mut S, events: Vec<QueuedEvent>) {
        if events.is_empty() {
            return;
        }
        let began = Instant::now();
        let batch = EventBatch { queue: self, events };
        state.write(&batch.events);
        if began.elapsed() > SLOW_WRITE {
            self.fast_writes_ahead.store(FAST_WRITES, Ordering::Relaxed);
        } else {
            let one_less = |ahead: u32| ahead.checked_sub(1);
            // Only the thread that holds the state changes this. It is 0 most of the time.
            self.fast_writes_ahead.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).ok();
        }
    }
}

impl<S> WriterQueue<S> {
    /// Waits for tasks or events and returns them; `None` when the thread has to end.
    fn next(&self) -> Option<(VecDeque<WriterTask<S>>, Vec<QueuedEvent>)> {
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
    fn add_task(&self, task: WriterTask<S>) {
        let mut waiting = self.lock();
        if waiting.ended.is_none() {
            waiting.tasks.push_back(task);
            self.wake(waiting);
        }
    }

    /// Wakes the thread if it sleeps.
    fn wake(&self, waiting: MutexGuard<'_, QueuedWork<S>>) {
        let idle = waiting.idle;
        drop(waiting);
        if idle {
            self.work.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, QueuedWork<S>> {
        // Every change is whole before anything can panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_state(&self) -> MutexGuard<'_, S> {
        // After a panic nothing is written any more.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers what still waits, and everything that is submitted later.
    fn end(&self, ended: ThreadEnd) {
        let decision = match ended {
            ThreadEnd::Broken => EventDecision::Broken,
            ThreadEnd::Closed => EventDecision::Closed,
        };
        let mut waiting = self.lock();
        waiting.ended = Some(ended);
        // The waiting callers find the channels of their tasks closed.
        waiting.tasks.clear();
        let events = std::mem::take(&mut waiting.events);
        drop(waiting);
        events.iter().for_each(|event| {
            event.decide(decision);
        });
        wake_senders(events);
        self.work.notify_one();
    }
}

/// Whether a worker of this runtime may block, because there is another one.
fn has_another_worker() -> bool {
    Handle::try_current().is_ok_and(|runtime| {
        runtime.runtime_flavor() == RuntimeFlavor::MultiThread && runtime.metrics().num_workers() > 1
    })
}

/// Ends all writing when a panic unwinds through it.
struct EndIfPanicking<'q, S>(&'q WriterQueue<S>);

impl<S> Drop for EndIfPanicking<'_, S> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end(ThreadEnd::Broken);
        }
    }
}

/// Events that are being written. When this is dropped, they are decided and their senders awake.
struct EventBatch<'q, S> {
    queue: &'q WriterQueue<S>,
    events: Vec<QueuedEvent>,
}

impl<S> Drop for EventBatch<'_, S> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.events.iter().for_each(|event| {
                event.decide(EventDecision::Broken);
            });
            self.queue.end(ThreadEnd::Broken);
        }
        wake_senders(std::mem::take(&mut self.events));
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum EventDecision {
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

/// The decision on an event. It is made once, by the thread or by a sender that gives the event up.
#[derive(Debug, Default)]
struct DecisionCell {
    decision: AtomicU8,
    decided: Notify,
    /// Senders that this one wakes when it has its decision, or is gone.
    wakes: OnceLock<WakeOnDrop>,
}

/// Verdicts whose senders are woken when this is dropped.
#[derive(Debug)]
struct WakeOnDrop(Vec<Arc<DecisionCell>>);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.0.iter().for_each(|verdict| verdict.decided.notify_one());
    }
}

/// Wakes the senders of events that are decided.
///
/// To wake a task from outside its runtime costs a system call, most of the time. So the first sender is
/// woken from here, and wakes the others when its verdict is dropped. If nothing waits for the first any
/// more, its verdict is dropped here.
fn wake_senders(events: Vec<QueuedEvent>) {
    let mut verdicts = events.into_iter().map(|event| event.verdict);
    let Some(first) = verdicts.next() else { return };
    // Only this line sets it, once for each event.
    first.wakes.set(WakeOnDrop(verdicts.collect())).ok();
    first.decided.notify_one();
}

impl DecisionCell {
    /// Decides, unless a decision was made already. Wakes nothing.
    fn decide(&self, decision: EventDecision) -> bool {
        let decided =
            self.decision.compare_exchange(UNDECIDED, decision as u8, Ordering::AcqRel, Ordering::Acquire);
        decided.is_ok()
    }

    fn get(&self) -> Option<EventDecision> {
        match self.decision.load(Ordering::Acquire) {
            UNDECIDED => None,
            1 => Some(EventDecision::Counted),
            2 => Some(EventDecision::Failed),
            3 => Some(EventDecision::Closed),
            5 => Some(EventDecision::Broken),
            _ => Some(EventDecision::GivenUp),
        }
    }
}

impl QueuedEvent {
    /// Whether its sender has given it up.
    pub(super) fn is_given_up(&self) -> bool {
        self.verdict.get() == Some(EventDecision::GivenUp)
    }

    /// Decides on the event; `false` when its sender has given it up. The thread wakes senders later, all at
    /// once.
    pub(super) fn decide(&self, decision: EventDecision) -> bool {
        self.verdict.decide(decision)
    }
}

/// An event that waits. Dropping this changes nothing: the event is written and counted.
#[derive(Debug)]
pub(super) struct EventTicket<S> {
    verdict: Arc<DecisionCell>,
    queue: Arc<WriterQueue<S>>,
    /// Whether the thread is still to be woken for this event.
    wakes: bool,
}

impl<S: JournalState> EventTicket<S> {
    /// Writes the event on the thread of the caller, if that is allowed there: see [`WriterQueue::write_here`].
    pub(super) fn write_here(&mut self) -> Option<EventDecision> {
        self.wakes = !self.queue.write_here();
        self.verdict.get()
    }
}

impl<S> EventTicket<S> {
    /// Waits until the journal's thread has decided.
    pub(super) async fn decision(&mut self) -> EventDecision {
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
    /// Gives the event up, or returns the decision if there is one.
    pub(super) fn give_up(&self) -> EventDecision {
        self.verdict.decide(EventDecision::GivenUp);
        self.verdict.get().unwrap_or(EventDecision::GivenUp)
    }

    /// Wakes the thread for this event, unless it has been woken.
    pub(super) fn wake_writer(&mut self) {
        if std::mem::take(&mut self.wakes) {
            self.queue.wake(self.queue.lock());
        }
    }
}

impl<S> Drop for EventTicket<S> {
    fn drop(&mut self) {
        self.wake_writer();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal that panics when it writes.
    struct PanickingJournal;

    impl JournalState for PanickingJournal {
        fn write(&mut self, _: &[QueuedEvent]) {
            panic!("this journal cannot write");
        }

        fn finish(&mut self) {}
    }

    #[tokio::test]
    async fn a_bug_in_the_thread_is_a_failure_and_not_off() {
        let writer = JournalWriter::start(PanickingJournal).unwrap();
        let submit = || writer.submit(None, Breakpoint::Lg, "/".into(), None);
        drop(submit().unwrap());
        // Work that was queued with the event is done before it; later work is never done.
        let _done_or_dropped = writer.run(|_| ());
        writer.run(|_| ()).unwrap_err();
        assert!(matches!(submit(), Err(RecordError::Broken)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_bug_on_a_worker_is_a_failure_for_all_that_wait_and_the_end_of_the_thread() {
        let writer = Arc::new(JournalWriter::start(PanickingJournal).unwrap());
        let submit = || writer.submit(None, Breakpoint::Lg, "/".into(), None).unwrap();
        let (mut waits, mut writes) = (submit(), submit());
        let worker = tokio::spawn(async move { writes.write_here() });
        assert!(worker.await.unwrap_err().is_panic());
        let limit = Duration::from_secs(20);
        assert_eq!(tokio::time::timeout(limit, waits.decision()).await, Ok(EventDecision::Broken));
        writer.run(|_| ()).unwrap_err();
    }

    /// A journal that notes the threads on which it writes. Its first write is slow.
    #[derive(Default)]
    struct NotedThreads {
        names: Vec<String>,
        delay: Duration,
    }

    impl JournalState for NotedThreads {
        fn write(&mut self, events: &[QueuedEvent]) {
            thread::sleep(std::mem::take(&mut self.delay));
            self.names.push(thread::current().name().unwrap_or_default().to_owned());
            events.iter().for_each(|event| {
                event.decide(EventDecision::Counted);
            });
        }

        fn finish(&mut self) {}
    }

    /// On which threads events are written one after the other, the first of them slowly.
    async fn threads_of_writes(writes: usize) -> Vec<String> {
        let delay = SLOW_WRITE + Duration::from_millis(1);
        let writer = Arc::new(JournalWriter::start(NotedThreads { names: Vec::new(), delay }).unwrap());
        let of_worker = Arc::clone(&writer);
        let worker = tokio::spawn(async move {
            for _ in 0..writes {
                let mut event = of_worker.submit(None, Breakpoint::Lg, "/".into(), None).unwrap();
                let decision = match event.write_here() {
                    Some(decision) => decision,
                    None => event.decision().await,
                };
                assert_eq!(decision, EventDecision::Counted);
            }
        });
        worker.await.unwrap();
        writer.run(|noted| std::mem::take(&mut noted.names)).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn workers_write_while_the_disk_is_fast_and_the_thread_after_a_slow_write() {
        let threads = threads_of_writes(FAST_WRITES as usize + 2).await;
        let by_the_thread =
            threads.iter().take(FAST_WRITES as usize + 1).skip(1).filter(|name| *name == "journal");
        // A machine that is busy elsewhere makes more writes slow.
        assert_eq!(by_the_thread.count(), FAST_WRITES as usize, "{threads:?}");
        assert_ne!(threads.first().unwrap(), "journal");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_only_worker_of_a_runtime_never_writes() {
        let threads = threads_of_writes(3).await;
        assert!(threads.iter().all(|name| name == "journal"), "{threads:?}");
    }
}
