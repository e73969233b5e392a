//! Receives the bodies of reports, and limits how many are in memory at once, in total and of one sender.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, HttpBody};
use headcount_platform::joined::joined;
use headcount_shared::limits::REPORT_BYTES;
use http_body_util::BodyExt;
use tokio::{task, time};

pub(super) use super::body_memory::BodyReservation;
use super::{
    IngestError,
    body_memory::BodyMemoryBudget,
    decode_body::ContentCoding,
    prepared_report::{PreparedReport, prepare},
    sender_key::SenderKey,
};

/// The largest small report, in bytes as it arrives. Reports of this program have 20 kB, and 400 kB with the
/// maximum of browsers.
const SMALL_BYTES: usize = 256 * 1024;

/// The memory for small reports, from the first byte that arrives until the report is stored. Large reports
/// have their own, so that slow senders of those leave this free.
const ROOM_FOR_SMALL: usize = 32 * 1024 * 1024;

/// The memory for all other reports.
const ROOM_FOR_LARGE: usize = 28 * REPORT_BYTES;

/// The number of reports of one size class that are decompressed at once. Each takes up to a hundred
/// mebibytes.
const UNPACKED_AT_ONCE: usize = 2;

/// How long a sender may take to send one report.
const TIME_TO_SEND: Duration = Duration::from_secs(60);

/// The limits on reports that are being received.
#[derive(Debug, Clone)]
pub(super) struct ReportIntake {
    small: Arc<BodyMemoryBudget>,
    large: Arc<BodyMemoryBudget>,
    small_bytes: usize,
}

/// A report in memory, with the reservation that is released when this is dropped.
#[derive(Debug)]
pub(super) struct AdmittedReport {
    /// The report.
    pub report: PreparedReport,
    /// The room.
    pub room: BodyReservation,
}

impl ReportIntake {
    /// The limits of a collector.
    #[must_use]
    pub(super) fn new() -> Self {
        Self::with_bounds(SMALL_BYTES, ROOM_FOR_SMALL, ROOM_FOR_LARGE)
    }

    fn with_bounds(small_bytes: usize, room_for_small: usize, room_for_large: usize) -> Self {
        Self {
            small: Arc::new(BodyMemoryBudget::new(room_for_small, UNPACKED_AT_ONCE)),
            large: Arc::new(BodyMemoryBudget::new(room_for_large, UNPACKED_AT_ONCE)),
            small_bytes,
        }
    }

    /// Reads one report. `sender` is `None` if senders cannot be distinguished.
    ///
    /// # Errors
    /// [`IngestError::Busy`] when there is no memory for it, otherwise what is wrong with the report.
    pub(super) async fn take_in(
        &self,
        coding: ContentCoding,
        sender: Option<SenderKey>,
        body: Body,
    ) -> Result<AdmittedReport, IngestError> {
        let reading = time::timeout(TIME_TO_SEND, self.read(sender, body));
        let (bytes, room) = reading.await.map_err(|_| IngestError::TooSlow)??;
        let unpacking = room.unpacking().await?;
        // The work takes both permits along: it continues even if the sender disconnects.
        let work = joined(task::spawn_blocking(move || (prepare(coding, bytes), room, unpacking)));
        let (report, mut room, unpacking) = work.await.map_err(|_| IngestError::Failed)?;
        let report = report?;
        room.grow_to(report.held_bytes()).await?;
        drop(unpacking);
        Ok(AdmittedReport { report, room })
    }

    /// Reads a body, but no more than a report may have.
    async fn read(
        &self,
        sender: Option<SenderKey>,
        mut body: Body,
    ) -> Result<(Vec<u8>, BodyReservation), IngestError> {
        let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > REPORT_BYTES {
            return Err(IngestError::TooLarge);
        }
        let mut is_small = declared <= self.small_bytes;
        let mut room = BodyReservation::new(if is_small { &self.small } else { &self.large }, sender);
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| IngestError::Interrupted)?.into_data() else { continue };
            let size = bytes.len() + data.len();
            if size > REPORT_BYTES {
                return Err(IngestError::TooLarge);
            }
            if is_small && size > self.small_bytes {
                // Its length was not declared. The reservation in the other budget is released.
                is_small = false;
                room = BodyReservation::new(&self.large, sender);
            }
            room.grow_to(size).await?;
            bytes.extend_from_slice(&data);
        }
        Ok((bytes, room))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::body::Bytes;
    use headcount_platform::clock::until;
    use hyper::body::Frame;

    use super::*;
    use crate::sender_key::SenderKeys;

    const REPORT: &str = r#"{"instance":{"uuid":"4423595b-9d97-4e01-a19f-8e3d60c83b2a"}}"#;

    /// Memory for one such report with its typed form, and not for two.
    const ROOM: usize = 160;

    /// A body of unknown length that sends its frames and then stalls or ends.
    struct TrickleBody {
        frames: Vec<&'static str>,
        ends: bool,
    }

    impl HttpBody for TrickleBody {
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

    async fn take(intake: &ReportIntake, body: Body) -> Result<AdmittedReport, IngestError> {
        intake.take_in(ContentCoding::Identity, None, body).await
    }

    #[tokio::test]
    async fn a_report_is_read_however_it_is_cut() {
        let intake = ReportIntake::with_bounds(1000, ROOM, 0);
        let (start, end) = REPORT.split_at(10);
        for body in [
            Body::from(REPORT),
            Body::new(TrickleBody { frames: vec![end, start], ends: true }),
            Body::new(TrickleBody { frames: vec![end, "", start], ends: true }),
        ] {
            assert_eq!(take(&intake, body).await.unwrap().report.bytes, REPORT.len() as u64);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reports_wait_for_room_and_then_are_asked_to_come_back() {
        // A report takes more memory once it is read, because of its typed form.
        let intake = ReportIntake::with_bounds(1000, ROOM, 0);
        let first = take(&intake, Body::from(REPORT)).await.unwrap();
        assert!(matches!(take(&intake, Body::from(REPORT)).await, Err(IngestError::Busy)));
        drop(first);
        assert!(take(&intake, Body::from(REPORT)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_who_stalls_is_let_go_and_gives_its_room_back() {
        let intake = ReportIntake::with_bounds(1000, ROOM, 0);
        let stalled = Body::new(TrickleBody { frames: vec!["{"], ends: false });
        assert!(matches!(take(&intake, stalled).await, Err(IngestError::TooSlow)));
        assert!(take(&intake, Body::from(REPORT)).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_grows_too_large_is_not_read_to_its_end() {
        let intake = ReportIntake::with_bounds(1 << 20, 1 << 20, 2 * REPORT_BYTES);
        let mebibyte: &str = " ".repeat(1 << 20).leak();
        let body = Body::new(TrickleBody { frames: vec![mebibyte; 9], ends: false });
        assert!(matches!(take(&intake, body).await, Err(IngestError::TooLarge)));
        assert_eq!((intake.small.free(), intake.large.free()), (1 << 20, 2 * REPORT_BYTES));
    }

    #[tokio::test(start_paused = true)]
    async fn large_reports_that_stall_leave_room_for_small_ones() {
        let intake = ReportIntake::with_bounds(1000, 10_000, 4096);
        let large: &str = " ".repeat(2048).leak();
        let stalled: Vec<_> = (0..4)
            .map(|_| {
                let (intake, body) =
                    (intake.clone(), Body::new(TrickleBody { frames: vec![large], ends: false }));
                tokio::spawn(async move { take(&intake, body).await.err() })
            })
            .collect();
        until(|| intake.large.free() == 0).await;
        for _ in 0..10 {
            assert!(take(&intake, Body::from(REPORT)).await.is_ok());
        }
        for stalled in stalled {
            let refused = stalled.await.unwrap();
            assert!(matches!(refused, Some(IngestError::Busy | IngestError::TooSlow)), "{refused:?}");
        }
        assert_eq!((intake.small.free(), intake.large.free()), (10_000, 4096));
    }

    #[tokio::test]
    async fn one_sender_cannot_take_all_room() {
        let (keys, bytes) = (SenderKeys::new(), 40 * REPORT.len());
        let sender = |address: &str| keys.sender(address.parse().unwrap());
        let intake = ReportIntake::with_bounds(bytes, bytes, bytes);
        let mut taken = Vec::new();
        let refused = loop {
            match intake.take_in(ContentCoding::Identity, sender("192.0.2.1"), Body::from(REPORT)).await {
                Ok(report) => taken.push(report),
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, IngestError::Busy));
        assert!(!taken.is_empty() && intake.small.free() >= bytes / 2);
        let other = intake.take_in(ContentCoding::Identity, sender("192.0.2.2"), Body::from(REPORT)).await;
        assert!(other.is_ok());
        drop((taken, other));
        assert_eq!(intake.small.free(), bytes);
        assert!(
            intake.take_in(ContentCoding::Identity, sender("192.0.2.1"), Body::from(REPORT)).await.is_ok()
        );
    }
}
