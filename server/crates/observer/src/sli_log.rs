//! Stores the slots of the last day on disk.
//!
//! The file is in `cache/<project>/`, beside the cached answers. It consists of frames (`slot_frame`), and
//! one is appended for each batch. It is not synced: the last hour can be fetched again. Reading stops at the
//! first damaged frame.

mod slot_frame;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, io, sync::Arc};

use headcount_health::sli::{DAY_S, ServiceLevelIndicators, SlotBatch};
use headcount_platform::disk::{self, DataDisk};

/// The name of the file.
pub const FILE: &str = "indicators.slots";

/// The recorded requests, in memory and on disk.
#[derive(Debug)]
pub struct SliLog {
    indicators: Arc<ServiceLevelIndicators>,
    disk: Arc<dyn DataDisk>,
    dir: String,
    /// The frames of the file, the oldest first.
    frames: VecDeque<SliLogFrame>,
    /// Whether the file has exactly these frames.
    is_sound: bool,
}

/// A frame of the file.
#[derive(Debug, Clone, Copy)]
struct SliLogFrame {
    /// The end of its newest slot, in Unix seconds.
    newest: u32,
    bytes: usize,
}

impl SliLog {
    /// Reads the file in `dir`, such as `cache/<project>`. A file that cannot be read counts as empty.
    /// Changes nothing on disk.
    #[must_use]
    pub fn open(disk: Arc<dyn DataDisk>, dir: String) -> Self {
        let bytes = disk.read(&format!("{dir}/{FILE}")).unwrap_or_default();
        let mut recorded =
            Self { indicators: Arc::default(), disk, dir, frames: VecDeque::new(), is_sound: false };
        let mut rest = &*bytes;
        loop {
            let before = rest.len();
            let Some(batch) = slot_frame::take(&mut rest) else { break };
            Arc::make_mut(&mut recorded.indicators).add(&batch);
            recorded.frames.push_back(SliLogFrame { newest: newest(&batch), bytes: before - rest.len() });
        }
        recorded.is_sound = rest.is_empty();
        if !recorded.is_sound {
            let (good, all) = (bytes.len() - rest.len(), bytes.len());
            tracing::debug!(
                good,
                all,
                "the file of recorded requests is damaged, the rest counts as missing"
            );
        }
        recorded
    }

    /// The recorded requests.
    #[must_use]
    pub fn indicators(&self) -> &ServiceLevelIndicators {
        &self.indicators
    }

    /// The requests that are recorded by now. What changes while a snapshot exists is copied first.
    #[must_use]
    pub fn snapshot(&self) -> Arc<ServiceLevelIndicators> {
        Arc::clone(&self.indicators)
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// Writing failed. The batch is in memory all the same, and is written with the next one.
    pub fn record(&mut self, batch: &SlotBatch) -> io::Result<()> {
        Arc::make_mut(&mut self.indicators).add(batch);
        if batch.is_empty() {
            return Ok(());
        }
        let written =
            if self.is_sound && !self.is_mostly_old() { self.append(batch) } else { self.rewrite() };
        self.is_sound = written.is_ok();
        written
    }

    /// Removes the slots that end after `latest`, in Unix seconds, because they were recorded while the clock
    /// was ahead. They stay in the file until the next batch is recorded.
    pub fn forget_after(&mut self, latest: u32) {
        if self.indicators.has_after(latest) {
            Arc::make_mut(&mut self.indicators).forget_after(latest);
            self.is_sound = false;
        }
    }

    /// Whether more than half of the file is more than a day older than the newest slot.
    fn is_mostly_old(&self) -> bool {
        let earliest = self.indicators.newest().unwrap_or_default().saturating_sub(DAY_S);
        let bytes = |is_counted: &dyn Fn(&SliLogFrame) -> bool| -> usize {
            self.frames.iter().filter(|frame| is_counted(frame)).map(|frame| frame.bytes).sum()
        };
        2 * bytes(&|frame| frame.newest <= earliest) > bytes(&|_| true)
    }

    fn append(&mut self, batch: &SlotBatch) -> io::Result<()> {
        let frame = slot_frame::write(batch)?;
        self.disk.create_dir(&self.dir)?;
        self.disk.append(&self.path())?.append(&frame)?;
        self.frames.push_back(SliLogFrame { newest: newest(batch), bytes: frame.len() });
        Ok(())
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let (mut frames, mut bytes) = (VecDeque::new(), Vec::new());
        for (end, batch) in self.indicators.batches() {
            let frame = slot_frame::write(&batch)?;
            frames.push_back(SliLogFrame { newest: end, bytes: frame.len() });
            bytes.extend(frame);
        }
        self.disk.create_dir(&self.dir)?;
        disk::replace(&*self.disk, &self.path(), &bytes)?;
        self.frames = frames;
        Ok(())
    }

    fn path(&self) -> String {
        format!("{}/{FILE}", self.dir)
    }
}

/// The end of the newest slot of a batch; 0 without one.
fn newest(batch: &SlotBatch) -> u32 {
    let ends = batch.requests.iter().chain(&batch.latencies).copied();
    ends.chain(batch.slots.iter().map(|slot| slot.end)).max().unwrap_or_default()
}
