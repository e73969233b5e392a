//! Tests the heap profile of a program with jemalloc. A process has only one profiler, so the tests take
//! turns.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    ffi::c_char,
    hint::black_box,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use headcount_platform::clock::SystemClock;
use headcount_profiler::heap::{HeapProfiler, MALLOC_CONF};

mod judge;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[repr(transparent)]
struct HeapProfileOptions(*const c_char);

// SAFETY: the text is constant.
#[expect(unsafe_code, reason = "a static with a pointer to a constant text")]
unsafe impl Sync for HeapProfileOptions {}

#[expect(unsafe_code, reason = "jemalloc looks for its settings under this name")]
#[unsafe(export_name = "malloc_conf")]
static SETTINGS: HeapProfileOptions = HeapProfileOptions(MALLOC_CONF.as_ptr());

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> HeapProfiler {
    HeapProfiler::start(Arc::new(SystemClock::new())).expect("this program can be profiled")
}

const PIECES: usize = 1024;
const PIECE_BYTES: usize = 64 * 1024;

#[inline(never)]
fn holds_much_memory() -> Vec<Vec<u8>> {
    (0..PIECES).map(|n| vec![n as u8 | 1; PIECE_BYTES]).collect()
}

#[test]
fn the_function_that_holds_memory_is_on_top() {
    let _turn = turn();
    let profiler = start();
    let held = black_box(holds_much_memory());
    let profile = profiler.profile().expect("a profile");
    drop(held);

    for measure in ["inuse_space", "inuse_objects"] {
        let top = judge::top(&profile, measure);
        assert!(top[0].contains("holds_much_memory"), "{measure}: {top:?}");
    }
    let kinds = [("inuse_objects", "count"), ("inuse_space", "bytes")];
    assert_eq!(judge::value_types(&judge::decoded(&profile)), kinds);
    let [objects, bytes] = judge::totals(&profile);
    let expected = (PIECES * PIECE_BYTES) as f64;
    assert!((0.7..1.5).contains(&(bytes as f64 / expected)), "{bytes} bytes of {expected}");
    assert!((0.7..1.5).contains(&(objects as f64 / PIECES as f64)), "{objects} objects of {PIECES}");
}

#[test]
fn what_was_given_back_is_gone_and_what_is_held_stays() {
    let _turn = turn();
    let profiler = start();
    let held = black_box(holds_much_memory());
    let [_, first] = judge::totals(&profiler.profile().expect("a profile"));
    let [_, second] = judge::totals(&profiler.profile().expect("a profile"));
    assert!(second as f64 > 0.9 * first as f64, "looking changes nothing: {first}, then {second} bytes");

    drop(held);
    let [_, after] = judge::totals(&profiler.profile().expect("a profile"));
    assert!(after < first / 4, "{after} of {first} bytes after they were given back");
}

#[test]
fn a_profile_tells_nothing_about_the_host() {
    let _turn = turn();
    let profiler = start();
    let held = black_box(holds_much_memory());
    let profile = profiler.profile().expect("a profile");
    drop(held);
    judge::assert_tells_nothing_about_the_host(&profile);
}

#[test]
fn nothing_is_sampled_without_a_profiler() {
    let _turn = turn();
    let before = black_box(holds_much_memory());
    let profiler = start();
    let [_, bytes] = judge::totals(&profiler.profile().expect("a profile"));
    assert!(bytes < (PIECES * PIECE_BYTES / 4) as i64, "{bytes} bytes were sampled before the start");
    drop(before);
}

#[test]
fn there_is_one_at_a_time() {
    let _turn = turn();
    let profiler = start();
    let refused = HeapProfiler::start(Arc::new(SystemClock::new())).expect_err("one is running");
    assert!(refused.to_string().contains("already being profiled"), "{refused}");
    profiler.profile().expect("the refused one stopped nothing");
    drop(profiler);
    start().profile().expect("a new one starts");
}
