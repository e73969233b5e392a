//! Writes the journal, on a thread of its own: a disk that hangs stops nothing but the events.
//!
//! Events wait in a bounded queue. The thread takes all waiting events, appends them with one write, counts
//! them, and answers them. Cuts and syncs are work for the same thread.
//!
//! To wake a sleeping thread costs more than the rest of an event's processing. So the task that queued an
//! event yields to other ready tasks first: they queue their events too, and the thread is woken once for all
//! of them. The thread wakes one sender, which wakes the others.
//!
//! An event that was given up ([`EventTicket::give_up`]) while it waited is never written. One that was given
//! up while it was being written is not counted, and a line that takes it back follows in the journal. Only
//! if the process ends between these two writes may a later start count it.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU8, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use headcount_platform::{address_hash::AddressHash, lock::lock};
use headcount_shared::breakpoint::Breakpoint;
use tokio::sync::Notify;

use super::{RecordError, pseudonym::BrowserPseudonym};

/// The maximum of waiting events. A connection has at most one, so only a product with its own web server
/// reaches this.
const QUEUED_EVENTS: usize = 4096;

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
    waiting: Mutex<QueuedWork<S>>,
    work: Condvar,
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
    pub(super) fn start(mut state: S) -> io::Result<Self> {
        let waiting = QueuedWork { events: Vec::new(), tasks: VecDeque::new(), idle: false, ended: None };
        let queue = Arc::new(WriterQueue { waiting: Mutex::new(waiting), work: Condvar::new() });
        let of_thread = EndOfThread(Arc::clone(&queue));
        let thread = thread::Builder::new().name("journal".to_owned()).spawn(move || {
            while let Some((tasks, events)) = of_thread.0.next() {
                tasks.into_iter().for_each(|task| task(&mut state));
                if !events.is_empty() {
                    let batch = EventBatch(events);
                    state.write(&batch.0);
                }
            }
            state.finish();
        })?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Queues an event. The thread is woken by [`EventTicket::decision`], or when the ticket is dropped.
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
        lock(&self.waiting)
    }
}

/// Answers the events that still wait when the thread ends, however it ends.
struct EndOfThread<S>(Arc<WriterQueue<S>>);

impl<S> Drop for EndOfThread<S> {
    fn drop(&mut self) {
        let (ended, decision) = match thread::panicking() {
            true => (ThreadEnd::Broken, EventDecision::Broken),
            false => (ThreadEnd::Closed, EventDecision::Closed),
        };
        let mut waiting = self.0.lock();
        waiting.ended = Some(ended);
        // The waiting callers find the channels of their tasks closed.
        waiting.tasks.clear();
        let events = std::mem::take(&mut waiting.events);
        drop(waiting);
        events.iter().for_each(|event| {
            event.decide(decision);
        });
        wake_senders(events);
    }
}

/// Events that are being written. When this is dropped, they are decided and their senders awake.
struct EventBatch(Vec<QueuedEvent>);

impl Drop for EventBatch {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.iter().for_each(|event| {
                event.decide(EventDecision::Broken);
            });
        }
        wake_senders(std::mem::take(&mut self.0));
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
    use std::time::Duration;

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

    /// A limit on every wait.
    const LIMIT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn an_event_that_a_bug_interrupts_is_answered_at_once() {
        let writer = JournalWriter::start(PanickingJournal).unwrap();
        let mut ticket = writer.submit(None, Breakpoint::Lg, "/".into(), None).unwrap();
        assert_eq!(tokio::time::timeout(LIMIT, ticket.decision()).await, Ok(EventDecision::Broken));
    }

    /// A journal that takes everything.
    struct CountingJournal;

    impl JournalState for CountingJournal {
        fn write(&mut self, events: &[QueuedEvent]) {
            events.iter().for_each(|event| {
                event.decide(EventDecision::Counted);
            });
        }

        fn finish(&mut self) {}
    }

    #[tokio::test]
    async fn senders_are_woken_also_when_the_first_of_them_has_left() {
        let writer = JournalWriter::start(CountingJournal).unwrap();
        for leaving in 0..4 {
            let submit = || writer.submit(None, Breakpoint::Lg, "/".into(), None).unwrap();
            let mut tickets = [submit(), submit(), submit(), submit()].map(Some);
            drop(tickets[leaving].take());
            let waiting = tickets.into_iter().flatten().map(|mut ticket| {
                tokio::spawn(async move { tokio::time::timeout(LIMIT, ticket.decision()).await })
            });
            for decision in waiting.collect::<Vec<_>>() {
                assert_eq!(decision.await.unwrap(), Ok(EventDecision::Counted), "{leaving}");
            }
        }
    }
}
