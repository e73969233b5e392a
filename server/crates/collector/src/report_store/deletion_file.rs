//! Keeps deletions in a file beside the database, for a database that is restored from an older back-up.
//!
//! A line stays until it is too old to matter to any back-up. It has hashes under the keys of the collector in
//! place of the installation, the fingerprint of these keys, and what its receipt says. It is on the disk
//! before the deletion is committed. Bytes after the last end of a line are of a crash, and are removed. A
//! line that cannot be read stays as it is.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use headcount_fleet::installation_day::InstallationHash;
use headcount_platform::{
    disk::{private, secret_file},
    hex,
    joined::joined,
    lock::lock,
};
use serde::{Deserialize, Serialize};
use tokio::task;
use uuid::Uuid;

use super::{DeletedAmounts, Tombstone};

/// The name of the file in the data directory.
pub(crate) const DELETIONS_FILE: &str = "deletions";

/// A deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DeletionLine {
    /// Tells the line from all others.
    pub(super) line: String,
    /// The fingerprint of the keys of its hashes.
    keys: String,
    /// The hash of the installation: 16 hexadecimal digits.
    installation: String,
    /// The hash of its commitment in hexadecimal digits; `None` if it had none.
    commitment: Option<String>,
    hour: u64,
    reports: u64,
    raw_reports: u64,
    days: u64,
    until: u64,
    key: String,
    signature: String,
}

impl DeletionLine {
    /// A new line for a tombstone. `keys` is the fingerprint of the keys of the hashes.
    pub(super) fn new(
        keys: &str,
        installation: InstallationHash,
        commitment: Option<&[u8]>,
        tombstone: &Tombstone,
    ) -> Self {
        let Tombstone { hour, amounts, until, key, signature } = tombstone.clone();
        Self {
            line: Uuid::new_v4().simple().to_string(),
            keys: keys.to_owned(),
            installation: format!("{:016x}", installation.0),
            commitment: commitment.map(hex::encode),
            hour,
            reports: amounts.reports,
            raw_reports: amounts.raw_reports,
            days: amounts.days,
            until,
            key,
            signature,
        }
    }

    /// Whether its hashes are of the keys with this fingerprint.
    pub(super) fn is_of_keys(&self, fingerprint: &str) -> bool {
        self.keys == fingerprint
    }

    /// Whether the line still has its receipt: late reports of the installation may still be refused.
    pub(super) const fn has_receipt(&self) -> bool {
        !self.signature.is_empty()
    }

    /// The hash of the installation; `None` if it cannot be read.
    pub(super) fn installation(&self) -> Option<InstallationHash> {
        u64::from_str_radix(&self.installation, 16).ok().map(InstallationHash)
    }

    /// The hash of its commitment; `None` if it had none.
    pub(super) fn commitment(&self) -> Option<Vec<u8>> {
        hex::decode(self.commitment.as_deref()?)
    }

    /// What was stored for the installation.
    pub(super) fn tombstone(&self) -> Tombstone {
        let amounts =
            DeletedAmounts { reports: self.reports, raw_reports: self.raw_reports, days: self.days };
        let (key, signature) = (self.key.clone(), self.signature.clone());
        Tombstone { hour: self.hour, amounts, until: self.until, key, signature }
    }

    /// What an old line is good for at `now`, in Unix seconds: nothing, if its reports arrived before `before`;
    /// only to delete again, without its receipt, when late reports are not refused any longer.
    fn aged(mut self, before: u64, now: u64) -> Option<Self> {
        if self.until > now {
            return Some(self);
        }
        self.commitment = None;
        self.key.clear();
        self.signature.clear();
        [self.reports, self.raw_reports, self.days] = [0; 3];
        (self.hour >= before).then_some(self)
    }

    fn times(&self) -> LineTimes {
        LineTimes { hour: self.hour, until: self.until, has_receipt: self.has_receipt() }
    }
}

/// What tells when a line ages.
#[derive(Debug, Clone, Copy)]
struct LineTimes {
    hour: u64,
    until: u64,
    has_receipt: bool,
}

impl LineTimes {
    /// Whether [`DeletionLine::aged`] changes the line.
    const fn is_due(self, before: u64, now: u64) -> bool {
        self.until <= now && (self.has_receipt || self.hour < before)
    }
}

/// The file. Clones are the same file.
#[derive(Debug, Clone)]
pub(super) struct DeletionFile {
    directory: PathBuf,
    /// Held while the file is changed. The times of each line, to know when to look for old ones.
    times: Arc<Mutex<Vec<LineTimes>>>,
}

impl DeletionFile {
    /// The file in a data directory. Nothing is read or created.
    pub(super) fn in_data_dir(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), times: Arc::default() }
    }

    /// Reads all lines, after the removal of a line that a crash cut off.
    ///
    /// # Errors
    /// The disk refused.
    pub(super) async fn read(&self) -> io::Result<Vec<DeletionLine>> {
        self.on_disk(|directory, times| {
            let FileLines { lines, .. } = read_lines(directory)?;
            *times = lines.iter().map(DeletionLine::times).collect();
            Ok(lines)
        })
        .await
    }

    /// Adds lines. When this returns, they survive a power cut.
    ///
    /// # Errors
    /// The disk refused; what is left of the lines is removed by the next change.
    pub(super) async fn append(&self, lines: Vec<DeletionLine>) -> io::Result<()> {
        self.on_disk(move |directory, times| {
            append_lines(directory, &lines)?;
            times.extend(lines.iter().map(DeletionLine::times));
            Ok(())
        })
        .await
    }

    /// Removes the line of a deletion that was not committed.
    ///
    /// # Errors
    /// The disk refused; the line is still there.
    pub(super) async fn withdraw(&self, line: String) -> io::Result<()> {
        self.on_disk(move |directory, times| {
            let mut left = read_lines(directory)?;
            left.lines.retain(|known| known.line != line);
            left.store(directory)?;
            *times = left.times();
            Ok(())
        })
        .await
    }

    /// Drops the lines of deletions before `before` whose late reports are not refused any longer at `now`, both
    /// in Unix seconds, and the receipts of those that are later. Returns which lines are dropped.
    ///
    /// # Errors
    /// The disk refused; the file is as it was.
    pub(super) async fn drop_old(&self, before: u64, now: u64) -> io::Result<Vec<String>> {
        if !lock(&self.times).iter().any(|times| times.is_due(before, now)) {
            return Ok(Vec::new());
        }
        self.on_disk(move |directory, times| {
            let FileLines { lines, unreadable } = read_lines(directory)?;
            let (mut left, mut dropped) = (FileLines { lines: Vec::new(), unreadable }, Vec::new());
            for line in lines {
                let id = line.line.clone();
                match line.aged(before, now) {
                    Some(line) => left.lines.push(line),
                    None => dropped.push(id),
                }
            }
            left.store(directory)?;
            *times = left.times();
            Ok(dropped)
        })
        .await
    }

    /// Runs work on the file on a thread for such work, one at a time.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path, &mut Vec<LineTimes>) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let Self { directory, times } = self.clone();
        let work = move || work(&directory, &mut lock(&times));
        joined(task::spawn_blocking(work)).await.flatten()
    }
}

/// What is in the file.
#[derive(Debug, Default)]
struct FileLines {
    lines: Vec<DeletionLine>,
    /// The bytes of lines that cannot be read, each with its end.
    unreadable: Vec<u8>,
}

impl FileLines {
    fn times(&self) -> Vec<LineTimes> {
        self.lines.iter().map(DeletionLine::times).collect()
    }

    /// Replaces the file.
    fn store(&self, directory: &Path) -> io::Result<()> {
        let text = text_of(&self.lines)?;
        secret_file::store(directory, DELETIONS_FILE, [text.as_bytes(), &self.unreadable].concat())
    }
}

fn read_lines(directory: &Path) -> io::Result<FileLines> {
    let path = directory.join(DELETIONS_FILE);
    let mut file = match private::open(&path, File::options().read(true).write(true)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileLines::default()),
        file => file?,
    };
    let mut read = FileLines::default();
    for line in whole_lines(&mut file)?.split_inclusive(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(line) => read.lines.push(line),
            Err(_) => {
                tracing::error!(
                    "a line of the file {DELETIONS_FILE} is damaged; its deletion is not applied"
                );
                read.unreadable.extend_from_slice(line);
            }
        }
    }
    Ok(read)
}

/// The bytes of all whole lines. What is behind them is removed from the file.
fn whole_lines(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < bytes.len() {
        file.set_len(whole as u64)?;
        file.sync_all()?;
        bytes.truncate(whole);
    }
    Ok(bytes)
}

/// Where the next line begins. What a crash left behind the last whole line is removed.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(0);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        whole_lines(file)?;
    }
    file.seek(SeekFrom::End(0))
}

fn append_lines(directory: &Path, lines: &[DeletionLine]) -> io::Result<()> {
    let path = directory.join(DELETIONS_FILE);
    let is_new = !path.try_exists()?;
    let mut file = private::open(&path, File::options().create(true).truncate(false).read(true).write(true))?;
    let end = end_of_lines(&mut file)?;
    let written = file.write_all(text_of(lines)?.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // A line that is cut off must not be the beginning of the next one.
        file.set_len(end)?;
    }
    written?;
    if is_new { File::open(directory)?.sync_all() } else { Ok(()) }
}

fn text_of(lines: &[DeletionLine]) -> io::Result<String> {
    let lines = lines.iter().map(|line| serde_json::to_string(line).map_err(io::Error::other));
    lines.map(|line| Ok(line? + "\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn line(number: u64) -> DeletionLine {
        let amounts = DeletedAmounts { reports: 3, raw_reports: 2, days: 1 };
        let tombstone = Tombstone {
            hour: number * 3600,
            amounts,
            until: number * 3600 + 100,
            key: "key".to_owned(),
            signature: "signature".to_owned(),
        };
        DeletionLine::new("keys", InstallationHash(number), Some(&[number.to_le_bytes()[0]; 32]), &tombstone)
    }

    #[tokio::test]
    async fn lines_come_back_and_only_the_owner_reads_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = DeletionFile::in_data_dir(directory.path());
        assert_eq!(file.read().await.unwrap(), []);
        let lines = [line(1), line(1 << 50)];
        for line in &lines {
            file.append(vec![line.clone()]).await.unwrap();
        }
        assert_eq!(DeletionFile::in_data_dir(directory.path()).read().await.unwrap(), lines);
        assert_eq!(lines[0].installation(), Some(InstallationHash(1)));
        assert_eq!(lines[0].commitment(), Some(vec![1; 32]));
        let mode = fs::metadata(directory.path().join(DELETIONS_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_line_that_a_crash_cut_off_is_no_deletion_and_spoils_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let (file, path) =
            (DeletionFile::in_data_dir(directory.path()), directory.path().join(DELETIONS_FILE));
        file.append(vec![line(1), line(2)]).await.unwrap();
        let whole = fs::read(&path).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for cut in first..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            if cut % 2 == 0 {
                assert_eq!(file.read().await.unwrap().len(), 1, "{cut}");
            }
            let third = line(3);
            file.append(vec![third.clone()]).await.unwrap();
            assert_eq!(file.read().await.unwrap()[1..], [third], "{cut}");
        }
    }

    #[tokio::test]
    async fn a_line_that_cannot_be_read_stays_and_one_that_is_withdrawn_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let (file, path) =
            (DeletionFile::in_data_dir(directory.path()), directory.path().join(DELETIONS_FILE));
        let (old, later) = (line(1), line(9));
        file.append(vec![old]).await.unwrap();
        let strange = "{\"of\": \"a later version\"}\n";
        fs::write(&path, fs::read_to_string(&path).unwrap() + strange).unwrap();
        file.append(vec![later.clone()]).await.unwrap();
        assert_eq!(file.drop_old(7200, 7200).await.unwrap().len(), 1);
        assert_eq!(file.read().await.unwrap(), std::slice::from_ref(&later));
        file.withdraw(later.line).await.unwrap();
        assert_eq!(file.read().await.unwrap(), []);
        assert_eq!(fs::read_to_string(&path).unwrap(), strange);
    }

    #[tokio::test]
    async fn receipts_leave_with_their_time_and_lines_when_no_back_up_needs_them() {
        let directory = tempfile::tempdir().unwrap();
        let file = DeletionFile::in_data_dir(directory.path());
        let lines = [line(1), line(2), line(9)];
        file.append(lines.to_vec()).await.unwrap();
        for now in [3600, 7000, 7000] {
            assert_eq!(file.drop_old(3600, now).await.unwrap(), [""; 0], "{now}");
        }
        let text = fs::read_to_string(directory.path().join(DELETIONS_FILE)).unwrap();
        assert_eq!(text.matches("\"signature\":\"signature\"").count(), 2, "the first one has no receipt");
        assert_eq!(file.read().await.unwrap()[0].installation(), Some(InstallationHash(1)));
        for (before, now, old) in [(7000, 7200, 0), (9000, 7300, 1)] {
            let dropped = file.drop_old(before, now).await.unwrap();
            assert_eq!(dropped, [lines[old].line.as_str()], "{before} {now}");
        }
        let left = file.read().await.unwrap();
        assert_eq!(left[0].tombstone(), line(9).tombstone());
    }
}
