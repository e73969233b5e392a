//! Lets the allocator write its report to a file that exists in memory only.
//!
//! A file in the directory for temporary files would need write access, could be left behind when the process
//! is killed, and would contain addresses and paths of this host.

#![expect(unsafe_code, reason = "the allocator takes the name of the file as a pointer")]

use std::{ffi::CString, fs::File, io, os::fd::AsRawFd};

use jemalloc_pprof::JemallocProfCtl;
use rustix::{
    fs::{MemfdFlags, memfd_create},
    io::Errno,
};
use tikv_jemalloc_ctl::raw;

/// The allocator's current report on the heap.
pub(super) fn dump(_allocator: &mut JemallocProfCtl) -> io::Result<File> {
    let file = create().map_err(|error| {
        io::Error::new(error.kind(), format!("cannot create a file in memory with `memfd_create`: {error}"))
    })?;
    let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    // SAFETY: `prof.dump` is documented to take the name of a file as a C string, which lives as long as the
    // call.
    unsafe { raw::write(b"prof.dump\0", path.as_ptr()) }
        // The text of the error would name the file.
        .map_err(|_| io::Error::other("it cannot write its report to `/proc/self/fd`"))?;
    Ok(file)
}

/// A file that cannot be executed. Some releases of Linux from 6.3 on refuse others where `vm.memfd_noexec`
/// is 2; earlier ones do not know the flag.
fn create() -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC;
    let file = match memfd_create("heap", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create("heap", flags)?,
        made => made?,
    };
    Ok(File::from(file))
}
