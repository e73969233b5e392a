//! Tests the CPU profile of a busy process. A process has only one profiler, so the tests take turns.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::HashMap,
    env,
    hint::black_box,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::Command,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use headcount_platform::clock::{Clock, SystemClock};
use headcount_profiler::cpu::{CpuProfile, CpuProfiler};
use pprof::protos::Profile;
use procfs::sys::kernel::Version;

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
    has_profiling_signal(&std::fs::read_to_string("/proc/self/status").expect("/proc"), set)
}

fn has_profiling_signal(status: &str, set: &str) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix(set)).expect("a set of signals");
    let signals = u64::from_str_radix(line.trim_start_matches(':').trim(), 16).expect("a hexadecimal set");
    signals & (1 << (libc::SIGPROF - 1)) != 0
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
    let ignored = profiling_signals("SigIgn");

    let profiler = start();
    assert!(profiling_signals("SigCgt"), "the handler is there");
    let refused = CpuProfiler::start(Arc::new(SystemClock::new())).expect_err("one is running");
    assert!(refused.to_string().contains("already being profiled"), "{refused}");
    assert!(profiling_signals("SigCgt"), "the refused one stopped nothing");

    drop(profiler);
    assert!(!profiling_signals("SigCgt"), "nobody handles the signal after the end");
    assert_eq!(profiling_signals("SigIgn"), ignored, "it is ignored only if it was before");
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

/// The CPU time of this process, as the kernel counts it.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("a time since the start of the process")
}

/// Works on one thread.
fn steadily() {
    black_box(burns_the_cpu());
}

/// Works on eight threads for a millisecond or two at a time, with pauses between that.
fn in_bursts() {
    let bursts = || {
        for _ in 0..20 {
            (0..5_u64).for_each(|_| {
                _ = black_box((0..20_000_u64).fold(1_u64, |a, b| black_box(a.rotate_left(3) ^ b)))
            });
            thread::sleep(Duration::from_millis(1));
        }
    };
    thread::scope(|scope| (0..8).for_each(|_| _ = scope.spawn(bursts)));
}

/// Works on threads that live for some hundred microseconds.
fn on_short_threads() {
    for _ in 0..100 {
        let work = || black_box((0..20_000_u64).fold(1_u64, |a, b| black_box(a.rotate_left(3) ^ b)));
        thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(work)));
    }
}

/// Works while something else sends the signal, which only the kernel should send.
fn among_foreign_signals() {
    for _ in 0..100 {
        raise_the_signal();
        black_box((0..20_000_u64).fold(1_u64, |a, b| black_box(a.rotate_left(3) ^ b)));
    }
}

#[expect(unsafe_code, reason = "sending a signal has no safe interface")]
fn raise_the_signal() {
    // SAFETY: this process handles the signal.
    unsafe { libc::raise(libc::SIGPROF) };
}

#[test]
fn all_samples_together_are_the_cpu_time_of_the_process() {
    const ENOUGH: Duration = Duration::from_secs(3);
    let _turn = turn();
    let ways: [(&str, fn()); 4] = [
        ("steadily", steadily),
        ("in bursts", in_bursts),
        ("on short threads", on_short_threads),
        ("among foreign signals", among_foreign_signals),
    ];
    for (way, work) in ways {
        let profiler = start();
        let before = cpu_time();
        while cpu_time() - before < ENOUGH {
            work();
        }
        let used = cpu_time() - before;
        let [_, nanos] = judge::totals(&profiler.cut().expect("a profile").pprof);
        let ratio = nanos as f64 / used.as_nanos() as f64;
        assert!((0.99..1.01).contains(&ratio), "{way}: {nanos} ns in the profile, {used:?} of the kernel");
    }
}

#[inline(never)]
fn works_three_parts() {
    (0..3)
        .for_each(|_| _ = black_box((0..2_000_000_u64).fold(1_u64, |a, b| black_box(a.rotate_left(3) ^ b))));
}

#[inline(never)]
fn works_one_part() {
    black_box((0..2_000_000_u64).fold(1_u64, |a, b| black_box(a.rotate_left(3) ^ b)));
}

/// Three seconds of CPU time of two threads, of which one function has three quarters, while this thread
/// waits.
fn work_in_parts() {
    let before = cpu_time();
    while cpu_time() - before < Duration::from_secs(3) {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        works_three_parts();
                        works_one_part();
                    }
                });
            }
        });
    }
}

/// The share of each of `names` in the samples in which any of them is found: the innermost one of each stack
/// counts.
fn shares<const N: usize>(profile: &Profile, names: [&str; N]) -> [f64; N] {
    let mut counts = HashMap::new();
    for sample in &profile.sample {
        let stack = judge::functions(profile, sample);
        let innermost =
            stack.iter().find_map(|function| names.iter().find(|name| function.ends_with(**name)));
        *counts.entry(innermost).or_insert(0) += sample.value[0];
    }
    let count = |name| counts.get(&Some(name)).copied().unwrap_or_default() as f64;
    let all: f64 = names.iter().map(count).sum();
    names.each_ref().map(|name| count(name) / all)
}

#[test]
fn another_sampler_finds_the_same_functions() {
    const FUNCTIONS: [&str; 2] = ["works_three_parts", "works_one_part"];
    let _turn = turn();
    let profiler = start();
    work_in_parts();
    let ours = judge::decoded(&profiler.cut().expect("a profile").pprof);
    drop(profiler);

    let witness = pprof::ProfilerGuard::new(99).expect("the crate samples this process");
    work_in_parts();
    let theirs = witness.report().build().expect("a report").pprof().expect("a profile");
    drop(witness);

    let [ours_three, ours_one] = shares(&ours, FUNCTIONS);
    let [theirs_three, _] = shares(&theirs, FUNCTIONS);
    // Each has some 300 samples: the standard deviation of a share is 0.025, that of the difference of two is
    // 0.036.
    assert!((ours_three - theirs_three).abs() < 0.2, "ours {ours_three}, theirs {theirs_three}");
    assert!((ours_three - 0.75).abs() < 0.15, "ours {ours_three} and {ours_one}");
    assert_eq!(judge::value_types(&ours), [("samples", "count"), ("cpu", "nanoseconds")]);
}

static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn count_signal(_signal: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
}

/// Installs a handler as a host program would, and returns the previous one.
#[expect(unsafe_code, reason = "handling a signal has no safe interface")]
fn handle_as_a_host(action: libc::sighandler_t) -> libc::sighandler_t {
    // SAFETY: the only handler that the tests pass counts in an atomic number.
    unsafe { libc::signal(libc::SIGPROF, action) }
}

#[test]
fn the_handler_of_a_host_is_not_lost() {
    let _turn = turn();
    let host = count_signal as *const () as libc::sighandler_t;
    let before = handle_as_a_host(host);
    let refused = CpuProfiler::start(Arc::new(SystemClock::new())).expect_err("the host handles the signal");
    assert!(refused.to_string().contains("already uses SIGPROF"), "{refused}");
    assert_eq!(handle_as_a_host(before), host, "the handler of the host is still there");

    let profiler = start();
    let ours = handle_as_a_host(host);
    let refused = profiler.peek().expect_err("the host took the signal");
    assert!(refused.to_string().contains("already uses SIGPROF"), "{refused}");
    assert_eq!(handle_as_a_host(libc::SIG_IGN), host, "the handler of the host is still there");
    profiler.peek().expect("the host gave the signal back");
    assert_eq!(handle_as_a_host(host), ours, "samples come again");

    drop(profiler);
    let handled = HANDLED.load(Ordering::SeqCst);
    (0..5).for_each(|_| _ = black_box(burns_the_cpu()));
    assert_eq!(HANDLED.load(Ordering::SeqCst), handled, "the timer has ended");
    assert_eq!(handle_as_a_host(before), host, "the end took nothing from the host");
}

/// The variable that makes this process do a part of a test.
const PART: &str = "HEADCOUNT_TEST_PART";

/// Uses CPU time in a shell, then prints a line.
const BUSY: &str = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; echo done";

/// Whether the timer of a profile outlives its program, as `headcount_profiler::cpu` documents for
/// `ITIMER_PROF`.
fn survives_execve() -> bool {
    Version::current().expect("the kernel has a version") < Version::new(6, 4, 0)
}

#[test]
fn a_program_that_takes_the_place_of_a_profiled_one_lives_on() {
    let _turn = turn();
    if env::var_os(PART).is_some() {
        let _profiler = start();
        (0..5).for_each(|_| _ = black_box(burns_the_cpu()));
        panic!("no other program: {}", Command::new("sh").args(["-c", BUSY]).exec());
    }
    let this = env::current_exe().expect("a program");
    let test = "a_program_that_takes_the_place_of_a_profiled_one_lives_on";
    let output = Command::new(this).args(["--exact", test]).env(PART, "exec").output().expect("a process");
    let said = String::from_utf8_lossy(&output.stdout);
    if survives_execve() {
        assert_eq!(output.status.signal(), Some(libc::SIGPROF), "the timer is still there: {said}");
        return;
    }
    assert_eq!(output.status.signal(), None, "it was not ended: {said}");
    assert!(said.ends_with("done\n"), "{said}");
}

#[test]
fn a_child_of_a_profiled_program_has_no_part_in_it() {
    let _turn = turn();
    let profiler = start();
    let working = thread::spawn(|| (0..5).for_each(|_| _ = black_box(burns_the_cpu())));
    let output = Command::new("sh").args(["-c", BUSY]).output().expect("a shell");
    working.join().expect("it worked");
    profiler.cut().expect("a profile");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.ends_with("done\n"), "{said}");
    for set in ["SigBlk:", "SigIgn:", "SigCgt:"] {
        assert!(!has_profiling_signal(&said, set), "{said}");
    }
}
