//! Configures jemalloc, the allocator of the program, for heap profiles.

use std::ffi::c_char;

use headcount_profiler::heap::MALLOC_CONF;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// A pointer that jemalloc reads at the start.
#[repr(transparent)]
struct JemallocOptions(*const c_char);

// SAFETY: the text it points to is constant.
#[expect(unsafe_code, reason = "a static with a pointer to a constant text")]
unsafe impl Sync for JemallocOptions {}

#[expect(unsafe_code, reason = "jemalloc looks for its settings under this name")]
#[unsafe(export_name = "malloc_conf")]
static SETTINGS: JemallocOptions = JemallocOptions(MALLOC_CONF.as_ptr());
