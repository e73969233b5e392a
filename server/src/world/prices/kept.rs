//! The price list that is kept on disk, and how old it is.

use std::{
    io::{self, Write},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};

use super::{list::Prices, reading::is_compressed, source::Fetched};
use crate::disk::{Disk, remove_with_files, write_whole};

const DIR: &str = "cloud-pricing";
/// The list, compressed.
const LIST: &str = "cloud-pricing.json.gz";
/// The address that it came from, and when it was last changed there: a line each.
const ORIGIN: &str = "cloud-pricing.origin";

/// The place for one list.
#[derive(Debug, Clone)]
pub(super) struct Kept(pub(super) Arc<dyn Disk>);

impl Kept {
    /// The list, and when its server last changed it if it came from `url`. `None` when there is none that can be read.
    pub(super) fn load(&self, url: &str) -> Option<(Prices, Option<String>)> {
        let list = self.0.read(&format!("{DIR}/{LIST}")).ok()?;
        let prices = Prices::read(&list).ok()?;
        Some((prices, self.modified(url)))
    }

    fn modified(&self, url: &str) -> Option<String> {
        let origin = String::from_utf8(self.0.read(&format!("{DIR}/{ORIGIN}")).ok()?).ok()?;
        let (from, modified) = origin.split_once('\n')?;
        (from == url).then(|| modified.to_owned())
    }

    /// Keeps a list that came from `url`.
    ///
    /// # Errors
    /// The disk refused. What is kept then is the old list or the new one, and never a date that is newer than the list.
    pub(super) fn store(&self, url: &str, list: Fetched) -> io::Result<()> {
        let Self(disk) = self;
        disk.create_dir(DIR)?;
        // Gone before the list is new: the date of another list must not stand beside it.
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
/// The disk refused; something may be left on it.
pub(in crate::world) fn forget_on_disk(disk: &dyn Disk) -> io::Result<()> {
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
