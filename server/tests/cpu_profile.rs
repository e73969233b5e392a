//! The CPU profile of a process that works. Profiling is one for a process: the tests take turns.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    hint::black_box,
    os::unix::thread::JoinHandleExt as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use headcount::{
    clock::{Clock, SystemClock},
    process::cpu::{CpuProfile, CpuProfiler},
};

mod judge;

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> CpuProfiler {
    CpuProfiler::start(Arc::new(SystemClock::new())).expect("this machine can be profiled")
}

/// Some tens of milliseconds of work.
#[inline(never)]
fn burns_the_cpu() -> u64 {
    let (mut state, mut left) = (black_box(1_u64), 100_000_000_u32);
    while left > 0 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        left -= 1;
    }
    state
}

/// Works until the profile has that many samples.
fn work_for(profiler: &CpuProfiler, samples: i64) -> CpuProfile {
    loop {
        (0..5).for_each(|_| _ = black_box(burns_the_cpu()));
        let profile = profiler.peek().expect("a profile");
        if judge::totals(&profile.pprof)[0] >= samples {
            return profile;
        }
    }
}

fn profiling_signals(set: &str) -> bool {
    const SIGPROF: u32 = 27;
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix(set)).expect("a set of signals");
    let signals = u64::from_str_radix(line.trim_start_matches(':').trim(), 16).expect("a hexadecimal set");
    signals & (1 << (SIGPROF - 1)) != 0
}

#[test]
fn the_function_that_worked_is_on_top() {
    let _turn = turn();
    let profile = work_for(&start(), 99);

    let top = judge::top(&profile.pprof, "cpu");
    assert!(top[0].ends_with("burns_the_cpu"), "{top:?}");
    let callers = judge::go_tool_pprof(&profile.pprof, &["-peek=burns_the_cpu"]);
    assert!(callers.contains("cpu_profile::work_for"), "{callers}");
    assert_eq!(judge::top(&profile.pprof, "samples")[0], top[0]);
    assert!(profile.from <= profile.to);
}

#[test]
fn a_profile_tells_nothing_about_the_host() {
    let _turn = turn();
    let profile = work_for(&start(), 50);
    judge::assert_tells_nothing_about_the_host(&profile.pprof);
    let raw = judge::go_tool_pprof(&profile.pprof, &["-raw"]);
    let mappings: Vec<_> = raw.lines().skip_while(|line| *line != "Mappings").skip(1).collect();
    assert_eq!(mappings.len(), 2, "{raw}");
    assert!(mappings[0].contains("headcount"), "the program has the name of the product: {raw}");
    assert!(mappings[1].contains("[system]"), "all else is one: {raw}");
}

#[test]
fn cpu_time_is_the_count_times_the_period() {
    let _turn = turn();
    let before = SystemClock::new();
    let profiler = start();
    let profile = work_for(&profiler, 99);
    let [samples, nanos] = judge::totals(&profile.pprof);
    assert_eq!(nanos, samples * (1_000_000_000 / 99));
    let cores = thread::available_parallelism().expect("a number of cores").get() as f64;
    let most = before.monotonic().as_secs_f64() * cores;
    assert!(nanos as f64 / 1e9 <= most * 1.1 + 0.1, "{nanos} ns of CPU in {most} s of all cores");
}

#[test]
fn looking_changes_nothing_and_a_cut_starts_over() {
    let _turn = turn();
    let profiler = start();
    let worked = judge::totals(&work_for(&profiler, 50).pprof)[0];

    let first = judge::totals(&profiler.peek().expect("a profile").pprof)[0];
    let second = judge::totals(&profiler.peek().expect("a profile").pprof)[0];
    let cut = profiler.cut().expect("a profile");
    let all = judge::totals(&cut.pprof)[0];
    assert!(worked <= first && first <= second && second <= all, "{worked} {first} {second} {all}");

    let next = profiler.peek().expect("a profile");
    let rest = judge::totals(&next.pprof)[0];
    assert!(rest < 50, "{rest} samples right after a cut");
    assert!(cut.to <= next.from + 1 && next.from <= next.to, "{} {} {}", cut.to, next.from, next.to);
}

#[test]
fn there_is_one_at_a_time_and_nothing_runs_without_it() {
    let _turn = turn();
    assert!(!profiling_signals("SigCgt"), "nobody handles the signal before the start");

    let profiler = start();
    assert!(profiling_signals("SigCgt"), "the handler is there");
    let refused = CpuProfiler::start(Arc::new(SystemClock::new())).expect_err("one is running");
    assert!(refused.to_string().contains("already being profiled"), "{refused}");
    assert!(profiling_signals("SigCgt"), "the refused one stopped nothing");

    drop(profiler);
    assert!(!profiling_signals("SigCgt"), "nobody handles the signal after the end");
    (0..5).for_each(|_| _ = black_box(burns_the_cpu()));
    let again = start().peek().expect("a profile");
    assert!(judge::totals(&again.pprof)[0] < 50, "a new one starts from nothing");
}

#[test]
fn threads_that_come_and_go_are_counted_too() {
    let _turn = turn();
    let profiler = start();
    let profile = loop {
        let workers: Vec<_> = (0..8)
            .map(|_| thread::Builder::new().name("jane".to_owned()).spawn(burns_the_cpu).expect("a thread"))
            .collect();
        workers.into_iter().for_each(|worker| _ = worker.join().expect("a result"));
        let profile = profiler.peek().expect("a profile");
        if judge::totals(&profile.pprof)[0] >= 50 {
            break profile;
        }
    };
    assert!(judge::top(&profile.pprof, "cpu")[0].ends_with("burns_the_cpu"));
    let raw = judge::go_tool_pprof(&profile.pprof, &["-raw"]);
    assert!(!raw.contains("jane"), "names of threads stay here: {raw}");
}

#[test]
#[expect(unsafe_code, reason = "sending a signal to a thread has no safe interface")]
fn a_sample_in_the_middle_of_a_panic_harms_nobody() {
    let _turn = turn();
    let profiler = start();
    let panics = thread::spawn(|| {
        (0..100_000)
            .filter(|_| std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(()))).is_err())
            .count()
    });
    while !panics.is_finished() {
        // SAFETY: the thread was not joined yet, so its name is still its own.
        unsafe { libc::pthread_kill(panics.as_pthread_t(), libc::SIGPROF) };
    }
    assert_eq!(panics.join().expect("it caught its panics"), 100_000);
    let profile = profiler.cut().expect("a profile").pprof;
    assert!(judge::totals(&profile)[0] > 0);
    for stack in judge::go_tool_pprof(&profile, &["-traces"]).split("-----------+") {
        let functions: Vec<_> = stack.lines().skip(1).filter(|line| !line.trim().is_empty()).collect();
        let unwinder = functions.iter().position(|name| name.contains("_Unwind_"));
        assert!(unwinder.is_none_or(|at| at + 1 == functions.len()), "walked beyond the unwinder: {stack}");
    }
}
