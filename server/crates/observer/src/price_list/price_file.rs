//! Stores the price list on disk, with its origin and date.

use std::{
    io::{self, Write},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};
use headcount_platform::disk::{DataDisk, remove_with_files, write_whole};
use headcount_topology::prices::{CloudPrices, is_compressed};

use super::price_source::FetchedPriceList;

const DIR: &str = "cloud-pricing";
/// The list, compressed.
const LIST: &str = "cloud-pricing.json.gz";
/// The address of its origin and when it was last modified there, one line each.
const ORIGIN: &str = "cloud-pricing.origin";

/// The directory of the list.
#[derive(Debug, Clone)]
pub(super) struct PriceListFile(pub(super) Arc<dyn DataDisk>);

impl PriceListFile {
    /// The list, and its modification date if it came from `url`. `None` if no list is readable.
    pub(super) fn load(&self, url: &str) -> Option<(CloudPrices, Option<String>)> {
        let list = self.0.read(&format!("{DIR}/{LIST}")).ok()?;
        let prices = CloudPrices::read(&list).ok()?;
        Some((prices, self.modified(url)))
    }

    fn modified(&self, url: &str) -> Option<String> {
        let origin = String::from_utf8(self.0.read(&format!("{DIR}/{ORIGIN}")).ok()?).ok()?;
        let (from, modified) = origin.split_once('\n')?;
        (from == url).then(|| modified.to_owned())
    }

    /// Stores a list that came from `url`.
    ///
    /// # Errors
    /// The disk failed. Then the old or the new list is stored, and never a date that is newer than the list.
    pub(super) fn store(&self, url: &str, list: FetchedPriceList) -> io::Result<()> {
        let Self(disk) = self;
        disk.create_dir(DIR)?;
        // Removed before the list is replaced, so that the date of another list never stands beside it.
        disk.remove(&format!("{DIR}/{ORIGIN}"))?;
        disk.sync_dir(DIR)?;
        write_whole(&**disk, DIR, LIST, &compressed(list.bytes)?)?;
        match list.modified {
            Some(modified) => write_whole(&**disk, DIR, ORIGIN, format!("{url}\n{modified}").as_bytes()),
            None => Ok(()),
        }
    }
}

/// Removes the list from a disk.
///
/// # Errors
/// The disk failed; some files may be left.
pub(crate) fn forget_on_disk(disk: &dyn DataDisk) -> io::Result<()> {
    remove_with_files(disk, DIR)
}

fn compressed(list: Vec<u8>) -> io::Result<Vec<u8>> {
    if is_compressed(&list) {
        return Ok(list);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&list)?;
    encoder.finish()
}
