//! Runs a program that can be killed and started again.

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use headcount_guarded::GuardedDirectory;

/// Kills what runs in the directory once the tests have ended: a file in it has the process of each program.
/// What was killed may still write for a moment.
const GUARD: &str = r#"
cat >/dev/null
for file in *.pid; do [ -e "$file" ] && kill -KILL "$(cat "$file")"; done
cd / && rm -rf "$2" || sleep 1"#;

/// The pause between two looks at a server that starts, and their number: a minute.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: usize = 6000;

/// A directory for servers, which ends them with the tests.
pub(crate) fn server_directory() -> GuardedDirectory {
    GuardedDirectory::new("headcount-ch-", None, GUARD, Path::new(""))
}

/// A program with its arguments. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    directory: PathBuf,
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    child: Mutex<Option<Child>>,
}

impl ServerProcess {
    /// Starts a program in a directory. `name` is that of its log and of the file with its process, in
    /// `directory`.
    pub(crate) fn start(directory: &Path, name: &str, program: &Path, arguments: Vec<String>) -> Self {
        let (directory, name) = (directory.to_owned(), name.to_owned());
        let process =
            Self { directory, name, program: program.to_owned(), arguments, child: Mutex::default() };
        process.start_again();
        process
    }

    /// Starts it with the same arguments. It must not be running.
    pub(crate) fn start_again(&self) {
        let mut running = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(running.is_none(), "{} runs already", self.name);
        let log = File::options().append(true).create(true).open(self.log()).unwrap();
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.directory);
        command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path))).env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        fs::write(self.file("pid"), child.id().to_string()).unwrap();
        *running = Some(child);
    }

    /// Kills it with SIGKILL, and waits for its end. Nothing happens if it is not running.
    pub(crate) fn kill(&self) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut child) = child else { return };
        // Its number is not free before it is waited for.
        fs::remove_file(self.file("pid")).ok();
        child.kill().ok();
        child.wait().ok();
    }

    /// Waits until `is_ready`, as long as the program runs.
    pub(crate) fn wait_until(&self, is_ready: impl Fn() -> bool) {
        for _ in 0..LOOKS {
            if is_ready() {
                return;
            }
            let mut running = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            let ended = running.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some());
            drop(running);
            assert!(!ended, "{} has ended: {}", self.name, self.last_words());
            // These programs do not say when they are ready.
            thread::sleep(LOOK);
        }
        panic!("{} is not ready after a minute: {}", self.name, self.last_words());
    }

    /// What it has printed.
    pub(crate) fn last_words(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.file("out")
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{}.{extension}", self.name))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
