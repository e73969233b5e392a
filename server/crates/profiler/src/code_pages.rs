//! Releases memory of code that is not run any more.
//!
//! The kernel maps sixteen pages around each page of code that is run, and most code of a start is not run
//! again. So most of what an idle server would hold is code that it does not need: 12 of 18 MB. Pages that
//! are given back stay in the cache of the system, and are mapped again when they are run. The resident size
//! then shows what the program uses, and the system can drop these pages first. It makes nothing faster.

use std::{ffi::c_void, time::Duration};

use procfs::process::{MMPermissions, MemoryMap, Process};
use rustix::mm::{Advice, madvise};

use super::MeasurementUnavailable;

/// How long the start of a program takes, generously.
const START: Duration = Duration::from_secs(2);

/// How often pages are given back after that. Code that runs more often is mapped again at the cost of some
/// microseconds.
const EVERY: Duration = Duration::from_secs(60);

/// Gives pages back after the start, and then every minute, until the future is dropped.
pub async fn give_back_regularly() {
    tokio::time::sleep(START).await;
    loop {
        // Without the kernel's list of mappings all pages stay, which only costs memory.
        tokio::task::spawn_blocking(give_back).await.ok();
        tokio::time::sleep(EVERY).await;
    }
}

/// Releases the pages of this program's code, and returns how many bytes of it were mapped.
///
/// # Errors
/// The system does not provide the mappings of this process, or the pages differ from the file: a debugger or
/// a tracer has written into the code, and that would be lost.
pub fn give_back() -> Result<u64, MeasurementUnavailable> {
    let maps = Process::myself().and_then(|process| process.smaps());
    let maps = maps
        .map_err(|error| MeasurementUnavailable::because(format!("the mappings of this process: {error}")))?;
    let code = maps.0.iter().find(|map| is_code_with(map, give_back as fn() -> _ as usize as u64));
    let code =
        code.ok_or_else(|| MeasurementUnavailable::because("the code of this program has no mapping"))?;
    if size(code, "Anonymous") != Some(0) {
        return Err(MeasurementUnavailable::because("the code of this program was changed in memory"));
    }
    drop_pages(code)?;
    Ok(size(code, "Rss").unwrap_or_default())
}

/// Whether a mapping is read-only code of a file and has the instruction at an address.
fn is_code_with(map: &MemoryMap, address: u64) -> bool {
    let is_code = map.perms.contains(MMPermissions::READ | MMPermissions::EXECUTE | MMPermissions::PRIVATE)
        && !map.perms.contains(MMPermissions::WRITE);
    is_code && map.inode != 0 && (map.address.0..map.address.1).contains(&address)
}

/// A size of a mapping from the kernel, in bytes.
fn size(map: &MemoryMap, name: &str) -> Option<u64> {
    map.extension.map.get(name).copied()
}

#[expect(unsafe_code, reason = "madvise takes an address")]
fn drop_pages(code: &MemoryMap) -> Result<(), MeasurementUnavailable> {
    let (start, end) = code.address;
    let (Ok(start), Ok(length)) = (usize::try_from(start), usize::try_from(end.saturating_sub(start))) else {
        return Err(MeasurementUnavailable::because("the mapping of the code is larger than an address"));
    };
    // SAFETY: the pages are those of a file, mapped private, read-only and unchanged. The kernel maps them
    // again, with the same content, when they are read or run.
    let dropped = unsafe { madvise(start as *mut c_void, length, Advice::LinuxDontNeed) };
    dropped.map_err(|error| {
        MeasurementUnavailable::because(format!("the pages of the code cannot be released: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unchanged_code_of_a_file_is_given_back() {
        let maps = Process::myself().unwrap().smaps().unwrap();
        let here = give_back as fn() -> _ as usize as u64;
        let of_here: Vec<_> = maps.0.iter().filter(|map| is_code_with(map, here)).collect();
        let [code] = of_here.as_slice() else { panic!("{} mappings have this code", of_here.len()) };
        assert!(!maps.0.iter().any(|map| is_code_with(map, code.address.1)), "what follows is data");
        assert!(!is_code_with(code, code.address.1) && is_code_with(code, code.address.0));
    }
}
