//! Stores the receipts of collectors that deleted what this installation had sent.
//!
//! A receipt is a file in `receipts/` of the data directory, named for the SHA-256 of the UUID that the
//! installation had.

use std::{
    io,
    sync::{Arc, Mutex},
};

use headcount_platform::{
    disk::{DataDisk, write_whole},
    lock::lock,
};
use headcount_shared::{
    api::{KeptReceipt, StoredReceipt},
    deletion_commitment::instance_sha256,
};
use uuid::Uuid;

const DIR: &str = "receipts";
const ENDING: &str = ".json";

/// The receipts of this data directory.
#[derive(Debug)]
pub struct DeletionReceipts {
    disk: Arc<dyn DataDisk>,
    stored: Mutex<Vec<StoredReceipt>>,
}

impl DeletionReceipts {
    /// Reads the receipts. A file that is none is skipped.
    ///
    /// # Errors
    /// The disk refused.
    pub fn open(disk: Arc<dyn DataDisk>) -> io::Result<Self> {
        let mut stored = Vec::new();
        for name in disk.list(DIR)?.iter().filter(|name| name.ends_with(ENDING)) {
            let bytes = disk.read(&format!("{DIR}/{name}"))?;
            stored.extend(serde_json::from_slice::<StoredReceipt>(&bytes));
        }
        Ok(Self { disk, stored: Mutex::new(stored) })
    }

    /// Stores a receipt. When this returns, it survives a power cut.
    ///
    /// # Errors
    /// The disk refused.
    pub fn store(&self, receipt: StoredReceipt) -> io::Result<()> {
        self.disk.create_dir(DIR)?;
        let name = format!("{}{ENDING}", receipt.receipt.instance_sha256);
        write_whole(&*self.disk, DIR, &name, &serde_json::to_vec_pretty(&receipt)?)?;
        self.disk.sync_dir(".")?;
        let mut stored = lock(&self.stored);
        stored.retain(|other| other.receipt.instance_sha256 != receipt.receipt.instance_sha256);
        stored.push(receipt);
        Ok(())
    }

    /// Whether what was sent under this UUID is deleted.
    #[must_use]
    pub fn covers(&self, instance: Uuid) -> bool {
        let sha256 = instance_sha256(instance);
        lock(&self.stored).iter().any(|stored| stored.receipt.instance_sha256 == sha256)
    }

    /// The receipts, the latest first.
    #[must_use]
    pub fn receipts(&self) -> Vec<StoredReceipt> {
        let mut receipts = lock(&self.stored).clone();
        receipts.sort_by_key(|stored| std::cmp::Reverse(stored.receipt.hour));
        receipts
    }

    /// The receipts as the status lists them, the latest first.
    #[must_use]
    pub fn receipt_summaries(&self) -> Vec<KeptReceipt> {
        let receipts = self.receipts().into_iter();
        receipts
            .map(|StoredReceipt { collector, receipt }| KeptReceipt { hour: receipt.hour, collector })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use headcount_platform::disk::simulated::{CrashKind, SimulatedDisk};
    use headcount_shared::api::{DeletionReceipt, RELEASED_CELLS};

    use super::*;

    fn receipt(instance: Uuid, hour: u64) -> StoredReceipt {
        let receipt = DeletionReceipt {
            instance_sha256: instance_sha256(instance),
            hour,
            reports: 1,
            raw_reports: 1,
            days: 1,
            released: RELEASED_CELLS.to_owned(),
            tombstone_until: hour + 1,
            key: String::new(),
            signature: String::new(),
        };
        StoredReceipt { collector: "https://fleet.example.com".to_owned(), receipt }
    }

    #[test]
    fn a_receipt_survives_a_power_cut_and_names_no_installation() {
        let disk = SimulatedDisk::default();
        let open = || DeletionReceipts::open(Arc::new(disk.clone())).unwrap();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let receipts = open();
        receipts.store(receipt(one, 3600)).unwrap();
        receipts.store(receipt(other, 7200)).unwrap();
        receipts.store(receipt(one, 3600)).unwrap();
        disk.restart(CrashKind::PowerCut);
        disk.write_synced("receipts/notes.json", b"mine").unwrap();
        for receipts in [receipts, open()] {
            let hours: Vec<u64> = receipts.receipt_summaries().iter().map(|receipt| receipt.hour).collect();
            assert_eq!(hours, [7200, 3600]);
            assert!(receipts.covers(one) && !receipts.covers(Uuid::from_u128(3)));
        }
        for (path, bytes) in disk.files() {
            let content = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!format!("{path} {content}").contains(&one.to_string()), "{path}");
        }
    }
}
