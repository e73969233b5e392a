//! How many reports are in memory at once?

use std::{sync::Arc, time::Duration};

use axum::body::{Body, HttpBody};
use headcount_shared::limits::REPORT_BYTES;
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task, time,
};

use super::{
    NotTaken,
    decode::Coding,
    prepare::{Prepared, prepare},
};

/// Bytes of reports in memory at once, from the first one that arrives until the report is stored.
const BYTES: usize = 32 * REPORT_BYTES;

/// Reports that are unpacked at once, each of which takes up to a hundred mebibytes.
const UNPACKING: usize = 4;

/// How long a report waits for memory before the sender is asked to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a sender may take to send one report.
const TIME_TO_SEND: Duration = Duration::from_secs(60);

/// The bounds on reports that are being taken in.
#[derive(Debug, Clone)]
pub(super) struct Intake {
    bytes: Arc<Semaphore>,
    unpacking: Arc<Semaphore>,
}

/// A report in memory and the room that it takes: given back when this is dropped.
#[derive(Debug)]
pub(super) struct TakenIn {
    /// The report.
    pub report: Prepared,
    /// The room.
    pub room: Room,
}

/// Room in memory, a permit a byte.
#[derive(Debug, Default)]
pub(super) struct Room {
    permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    fn bytes(&self) -> usize {
        self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

impl Intake {
    /// The bounds of a collector.
    #[must_use]
    pub(super) fn new() -> Self {
        Self::with_bounds(BYTES, UNPACKING)
    }

    fn with_bounds(bytes: usize, unpacking: usize) -> Self {
        Self { bytes: Arc::new(Semaphore::new(bytes)), unpacking: Arc::new(Semaphore::new(unpacking)) }
    }

    /// Reads one report.
    ///
    /// # Errors
    /// [`NotTaken::Busy`] when there is no room for it, else what is wrong with the report.
    pub(super) async fn take_in(&self, coding: Coding, body: Body) -> Result<TakenIn, NotTaken> {
        let reading = time::timeout(TIME_TO_SEND, self.read(body));
        let (bytes, room) = reading.await.map_err(|_| NotTaken::TooSlow)??;
        let unpacking = room_in(&self.unpacking, 1).await?;
        // Both permits go along: if the sender leaves, the work still goes on until it is done.
        let work = task::spawn_blocking(move || (prepare(coding, bytes), room, unpacking));
        let (report, mut room, unpacking) = work.await.map_err(|_| NotTaken::Failed)?;
        let report = report?;
        self.grow(&mut room, report.held_bytes()).await?;
        drop(unpacking);
        Ok(TakenIn { report, room })
    }

    /// Reads a body, but no more than a report may have.
    async fn read(&self, mut body: Body) -> Result<(Vec<u8>, Room), NotTaken> {
        let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > REPORT_BYTES {
            return Err(NotTaken::TooLarge);
        }
        let (mut bytes, mut room) = (Vec::new(), Room::default());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| NotTaken::Interrupted)?.into_data() else { continue };
            if bytes.len() + data.len() > REPORT_BYTES {
                return Err(NotTaken::TooLarge);
            }
            bytes.extend_from_slice(&data);
            self.grow(&mut room, bytes.len()).await?;
        }
        Ok((bytes, room))
    }

    /// Makes sure that there is room for `bytes`.
    async fn grow(&self, room: &mut Room, bytes: usize) -> Result<(), NotTaken> {
        let more = bytes.saturating_sub(room.bytes());
        if more == 0 {
            return Ok(());
        }
        let more = room_in(&self.bytes, more).await?;
        match &mut room.permit {
            Some(permit) => permit.merge(more),
            None => room.permit = Some(more),
        }
        Ok(())
    }
}

/// Waits a little for `amount` of what a semaphore has.
async fn room_in(semaphore: &Arc<Semaphore>, amount: usize) -> Result<OwnedSemaphorePermit, NotTaken> {
    let amount = u32::try_from(amount).map_err(|_| NotTaken::TooLarge)?;
    let permit = time::timeout(PATIENCE, Arc::clone(semaphore).acquire_many_owned(amount)).await;
    permit.ok().and_then(Result::ok).ok_or(NotTaken::Busy)
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::body::Bytes;
    use hyper::body::Frame;

    use super::*;

    const REPORT: &str = r#"{"instance":{"uuid":"4423595b-9d97-4e01-a19f-8e3d60c83b2a"}}"#;

    /// Room for one such report, and not for two.
    const ROOM: usize = 1200;

    /// A body of unknown length that sends its frames and then stalls or ends.
    struct Trickle {
        frames: Vec<&'static str>,
        ends: bool,
    }

    impl HttpBody for Trickle {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.frames.pop() {
                Some(frame) => Poll::Ready(Some(Ok(Frame::data(frame.into())))),
                None if self.ends => Poll::Ready(None),
                None => Poll::Pending,
            }
        }
    }

    async fn take(intake: &Intake, body: Body) -> Result<TakenIn, NotTaken> {
        intake.take_in(Coding::Identity, body).await
    }

    #[tokio::test]
    async fn a_report_is_read_however_it_is_cut() {
        let intake = Intake::with_bounds(ROOM, 1);
        let (start, end) = REPORT.split_at(10);
        for body in [
            Body::from(REPORT),
            Body::new(Trickle { frames: vec![end, start], ends: true }),
            Body::new(Trickle { frames: vec![end, "", start], ends: true }),
        ] {
            assert_eq!(take(&intake, body).await.unwrap().report.bytes, REPORT.len() as u64);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reports_wait_for_room_and_then_are_asked_to_come_back() {
        // A report takes more room once it is read: its counts are there too.
        let intake = Intake::with_bounds(ROOM, 1);
        let first = take(&intake, Body::from(REPORT)).await.unwrap();
        assert!(matches!(take(&intake, Body::from(REPORT)).await, Err(NotTaken::Busy)));
        drop(first);
        assert!(take(&intake, Body::from(REPORT)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_who_stalls_is_let_go_and_gives_its_room_back() {
        let intake = Intake::with_bounds(ROOM, 1);
        let stalled = Body::new(Trickle { frames: vec!["{"], ends: false });
        assert!(matches!(take(&intake, stalled).await, Err(NotTaken::TooSlow)));
        assert!(take(&intake, Body::from(REPORT)).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_grows_too_large_is_not_read_to_its_end() {
        let intake = Intake::with_bounds(2 * REPORT_BYTES, 1);
        let mebibyte: &str = " ".repeat(1 << 20).leak();
        let body = Body::new(Trickle { frames: vec![mebibyte; 9], ends: false });
        assert!(matches!(take(&intake, body).await, Err(NotTaken::TooLarge)));
        assert_eq!(intake.bytes.available_permits(), 2 * REPORT_BYTES);
    }
}
