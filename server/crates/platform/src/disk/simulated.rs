//! Simulates a disk that ends the process or cuts the power at a chosen step.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    sync::{Arc, Condvar, Mutex, MutexGuard},
};

use super::{DataDisk, FileAppender};

/// The kind of a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashKind {
    /// The process ends. Everything that it wrote stays.
    Kill,
    /// The power fails. Files and names that were not synced are lost.
    PowerCut,
}

/// The disk. Clones share it. After its crash every step fails until [`SimulatedDisk::restart`].
#[derive(Debug, Clone, Default)]
pub struct SimulatedDisk(Arc<SharedDisk>);

#[derive(Debug, Default)]
struct SharedDisk {
    state: Mutex<SimulatedState>,
    changed: Condvar,
}

type FileId = u64;

#[derive(Debug, Default)]
struct SimulatedState {
    /// Names as the process sees them, and those that survive a power cut.
    names: BTreeMap<String, FileId>,
    durable_names: BTreeMap<String, FileId>,
    dirs: BTreeSet<String>,
    durable_dirs: BTreeSet<String>,
    files: BTreeMap<FileId, SimulatedFile>,
    next_file: FileId,
    /// The steps taken, and the step at which the disk crashes.
    steps: u64,
    crash_at: Option<u64>,
    /// The number of steps until one is refused.
    fail_in: Option<u64>,
    refuse: bool,
    /// Whether writing steps wait, and how many do.
    stalled: bool,
    waiting: usize,
    /// The capacity in bytes.
    capacity: Option<usize>,
    before_read: OnceAction,
}

/// Something that happens once.
#[derive(Default)]
struct OnceAction(Option<Box<dyn FnOnce() + Send>>);

impl fmt::Debug for OnceAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("OnceAction").field(&self.0.is_some()).finish()
    }
}

#[derive(Debug, Default)]
struct SimulatedFile {
    bytes: Vec<u8>,
    durable_bytes: usize,
}

#[derive(Debug)]
struct OpenFile {
    disk: SimulatedDisk,
    file: FileId,
}

impl SimulatedDisk {
    /// The number of steps taken so far that change something.
    pub fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// Crashes instead of the step after `steps` further ones.
    pub fn crash_after(&self, steps: u64) {
        let mut state = self.lock();
        state.crash_at = Some(state.steps + steps);
    }

    /// Whether the disk has crashed.
    pub fn crashed(&self) -> bool {
        let state = self.lock();
        state.crash_at.is_some_and(|at| state.steps >= at)
    }

    /// Refuses one step, the one after `steps` further ones.
    pub fn fail_once_after(&self, steps: u64) {
        self.lock().fail_in = Some(steps);
    }

    /// Whether that step is still to come.
    pub fn has_failure_ahead(&self) -> bool {
        self.lock().fail_in.is_some()
    }

    /// Lets every writing step fail, as on a full disk, or succeed again.
    pub fn refuse_writes(&self, refuse: bool) {
        self.lock().refuse = refuse;
    }

    /// Lets every writing step wait, as on a network file system that hangs, until it is resumed.
    pub fn stall(&self, stalled: bool) {
        self.lock().stalled = stalled;
        self.0.changed.notify_all();
    }

    /// Returns when a step waits on the stalled disk.
    pub fn until_a_step_waits(&self) {
        drop(self.0.changed.wait_while(self.lock(), |state| state.waiting == 0).unwrap());
    }

    /// Does something before the next file is read, as another thread may.
    pub fn before_next_read(&self, action: impl FnOnce() + Send + 'static) {
        self.lock().before_read = OnceAction(Some(Box::new(action)));
    }

    /// Limits the bytes in all files together; `None` for no limit.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.lock().capacity = bytes;
    }

    /// Removes everything, the directories included, as an operator does while the process runs. Files that
    /// are open stay open and have no name.
    pub fn vanish(&self) {
        let mut state = self.lock();
        state.names.clear();
        state.dirs.clear();
        state.durable_names.clear();
        state.durable_dirs.clear();
    }

    /// Restarts the disk with what a new process finds after the crash.
    pub fn restart(&self, crash: CrashKind) {
        let mut state = self.lock();
        state.crash_at = None;
        if crash == CrashKind::PowerCut {
            state.names = state.durable_names.clone();
            state.dirs = state.durable_dirs.clone();
            for file in state.files.values_mut() {
                file.bytes.truncate(file.durable_bytes);
            }
        }
    }

    /// Every file with its bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.lock();
        state.names.iter().map(|(name, file)| (name.clone(), state.files[file].bytes.clone())).collect()
    }

    /// Replaces the bytes of a file, as a failing disk does.
    pub fn spoil(&self, path: &str, bytes: &[u8]) {
        let mut state = self.lock();
        let file = state.names[path];
        state.files.insert(file, SimulatedFile { bytes: bytes.to_vec(), durable_bytes: bytes.len() });
    }

    fn lock(&self) -> MutexGuard<'_, SimulatedState> {
        self.0.state.lock().unwrap()
    }

    /// Counts a step that changes something, unless the disk crashes first.
    fn step(&self) -> io::Result<MutexGuard<'_, SimulatedState>> {
        let mut state = self.lock();
        if state.stalled {
            state.waiting += 1;
            self.0.changed.notify_all();
            state = self.0.changed.wait_while(state, |state| state.stalled).unwrap();
            state.waiting -= 1;
        }
        if state.crash_at.is_some_and(|at| state.steps >= at) {
            return Err(io::Error::other("crashed"));
        }
        if state.refuse {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        if state.fail_in == Some(0) {
            state.fail_in = None;
            return Err(io::Error::other("refused once"));
        }
        state.fail_in = state.fail_in.map(|steps| steps - 1);
        state.steps += 1;
        Ok(state)
    }
}

/// Whether `path` is directly in `dir`.
fn in_dir(path: &str, dir: &str) -> bool {
    path.rsplit_once('/').map_or(".", |(parent, _)| parent) == dir
}

impl SimulatedState {
    /// Refuses a path whose directory does not exist.
    fn check_parent(&self, path: &str) -> io::Result<()> {
        match path.rsplit_once('/') {
            Some((dir, _)) if dir != "." && !self.dirs.contains(dir) => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(()),
        }
    }

    /// Refuses bytes for which there is no room in place of those of `file`.
    fn check_room(&self, file: FileId, bytes: usize) -> io::Result<()> {
        let of_others = |name: &&FileId| **name != file;
        let used: usize =
            self.names.values().filter(of_others).map(|name| self.files[name].bytes.len()).sum();
        match self.capacity {
            Some(capacity) if used + bytes > capacity => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn file(&mut self, path: &str) -> FileId {
        if let Some(&file) = self.names.get(path) {
            return file;
        }
        self.next_file += 1;
        self.names.insert(path.to_owned(), self.next_file);
        self.files.insert(self.next_file, SimulatedFile::default());
        self.next_file
    }
}

impl DataDisk for SimulatedDisk {
    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let state = self.lock();
        let paths = state.names.keys().chain(&state.dirs);
        let mut names: Vec<String> = paths
            .filter(|path| in_dir(path, dir))
            .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        Ok(self.read(path)?.len() as u64)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let OnceAction(action) = std::mem::take(&mut self.lock().before_read);
        if let Some(action) = action {
            action();
        }
        let state = self.lock();
        let file = state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(state.files[file].bytes.clone())
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.step()?;
        let mut path = String::new();
        for part in dir.split('/') {
            path = if path.is_empty() { part.to_owned() } else { format!("{path}/{part}") };
            state.dirs.insert(path.clone());
        }
        Ok(())
    }

    fn write_synced(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.write(path, bytes)?;
        let mut state = self.lock();
        let file = state.file(path);
        if let Some(file) = state.files.get_mut(&file) {
            file.durable_bytes = file.bytes.len();
        }
        Ok(())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        // Two steps, so that a crash can leave the file in part.
        for part in [&bytes[..bytes.len() / 2], bytes] {
            let mut state = self.step()?;
            state.check_parent(path)?;
            let file = state.file(path);
            state.check_room(file, part.len())?;
            state.files.insert(file, SimulatedFile { bytes: part.to_vec(), durable_bytes: 0 });
        }
        Ok(())
    }

    fn append(&self, path: &str) -> io::Result<Arc<dyn FileAppender>> {
        let mut state = self.step()?;
        state.check_parent(path)?;
        let file = state.file(path);
        drop(state);
        Ok(Arc::new(OpenFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.step()?;
        state.check_parent(to)?;
        if let Some(file) = state.names.remove(from) {
            state.names.insert(to.to_owned(), file);
            return Ok(());
        }
        if !state.dirs.remove(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if state.dirs.contains(to) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        state.dirs.insert(to.to_owned());
        let inside = format!("{from}/");
        let moved: Vec<String> =
            state.names.keys().filter(|name| name.starts_with(&inside)).cloned().collect();
        for name in moved {
            if let (Some(file), Some(rest)) = (state.names.remove(&name), name.strip_prefix(&inside)) {
                state.names.insert(format!("{to}/{rest}"), file);
            }
        }
        let moved: Vec<String> = state.dirs.iter().filter(|dir| dir.starts_with(&inside)).cloned().collect();
        for dir in moved {
            if let Some(rest) = dir.strip_prefix(&inside) {
                state.dirs.insert(format!("{to}/{rest}"));
            }
            state.dirs.remove(&dir);
        }
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.step()?;
        if state.dirs.contains(path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        state.names.remove(path);
        Ok(())
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.step()?;
        if state.names.keys().chain(&state.dirs).any(|path| in_dir(path, dir)) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        state.dirs.remove(dir);
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        // A journaling file system writes all changes of names in order, so syncing one makes the earlier
        // ones durable.
        let mut state = self.step()?;
        state.check_parent(&format!("{dir}/"))?;
        state.durable_names = state.names.clone();
        state.durable_dirs = state.dirs.clone();
        Ok(())
    }
}

impl FileAppender for OpenFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        // Two steps, so that a crash can leave a line in part.
        let (first, second) = bytes.split_at(bytes.len() / 2);
        for part in [first, second] {
            let mut state = self.disk.step()?;
            let grown = state.files.get(&self.file).map_or(0, |file| file.bytes.len()) + part.len();
            state.check_room(self.file, grown)?;
            if let Some(file) = state.files.get_mut(&self.file) {
                file.bytes.extend_from_slice(part);
            }
        }
        Ok(())
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.step()?;
        if let Some(file) = state.files.get_mut(&self.file) {
            file.bytes.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
            file.durable_bytes = file.durable_bytes.min(file.bytes.len());
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.step()?;
        if let Some(file) = state.files.get_mut(&self.file) {
            file.durable_bytes = file.bytes.len();
        }
        Ok(())
    }
}
