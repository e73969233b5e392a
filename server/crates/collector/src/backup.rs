//! Copies the data directory of a collector while it runs.
//!
//! The database is copied as it is at one moment, and then the segments that the copy names, as far as it
//! names them: what is stored meanwhile is not in the copy. Deletions are copied last. Starting a collector
//! on the copied directory restores it, without what was deleted.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use headcount_platform::{
    disk::{private, secret_file},
    joined::joined,
};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use thiserror::Error;
use tokio::task;
use uuid::Uuid;

use super::{
    collector_keys::KEYS_FILE,
    report_store::{CopiedSegments, DATABASE_FILE, DELETIONS_FILE, SegmentDirectory, segments_of_copy},
};

/// The token that opens the fleet pages.
const TOKEN_FILE: &str = "admin-token";

/// What to copy, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPlan {
    /// The data directory of the collector.
    pub data_dir: PathBuf,
    /// The directory to create.
    pub to: PathBuf,
    /// Which secrets are copied, too.
    pub secrets: BackupSecrets,
}

/// Which secrets are in a back-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupSecrets {
    /// None.
    LeftOut,
    /// The admin token and the keys, as far as they exist.
    Included {
        /// The file with the keys, if it is not in the data directory.
        keys: Option<PathBuf>,
    },
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupSummary {
    /// The number of reports.
    pub reports: u64,
    /// The number of files with raw copies.
    pub segments: usize,
    /// The number of files with raw copies that were dropped while the others were copied.
    pub dropped_segments: usize,
}

/// Why there is no back-up, in one sentence for the operator.
#[derive(Debug, Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no collector in {0}: it has no {DATABASE_FILE}")]
    NoCollector(PathBuf),
    /// The target is there.
    #[error("{0} exists; a back-up goes to a new directory")]
    Exists(PathBuf),
    /// The database cannot be read, or its copy not be written.
    #[error("the database cannot be copied: {0}")]
    Database(#[from] sqlx::Error),
    /// A file cannot be read or written.
    #[error("the back-up {path} cannot be written: {reason}")]
    Disk {
        /// The target.
        path: PathBuf,
        /// The error of the system.
        reason: io::Error,
    },
}

/// A directory that gets its name when it is complete, and is removed if it does not get that far.
#[derive(Debug)]
struct UnfinishedDirectory {
    path: PathBuf,
    is_finished: bool,
}

/// Copies a data directory. The copy has its name when it is complete and on the disk.
///
/// # Errors
/// Every [`BackupError`]; there is no copy then.
pub async fn back_up(plan: &BackupPlan) -> Result<BackupSummary, BackupError> {
    let source = plan.data_dir.join(DATABASE_FILE);
    if !source.is_file() {
        return Err(BackupError::NoCollector(plan.data_dir.clone()));
    }
    if fs::symlink_metadata(&plan.to).is_ok() {
        return Err(BackupError::Exists(plan.to.clone()));
    }
    let refused = |reason| BackupError::Disk { path: plan.to.clone(), reason };
    let directory = UnfinishedDirectory::create(&plan.to).map_err(refused)?;
    let copy = directory.path.join(DATABASE_FILE);
    copy_database(&source, &copy).await?;
    let CopiedSegments { reports, segments } = segments_of_copy(&copy).await?;
    let (plan, to) = (plan.clone(), plan.to.clone());
    let files = move || {
        File::open(&copy)?.sync_all()?;
        let [from, into] = [&plan.data_dir, &directory.path].map(|dir| SegmentDirectory::in_data_dir(dir));
        into.create()?;
        let mut copied = 0;
        for (name, bytes) in &segments {
            copied += usize::from(copy_start(&from.path(*name), &into.path(*name), *bytes)?);
        }
        into.sync_names()?;
        copy_deletions(&plan.data_dir, &directory.path)?;
        copy_secrets(&plan, &directory.path)?;
        directory.finish(&plan.to)?;
        Ok(BackupSummary { reports, segments: copied, dropped_segments: segments.len() - copied })
    };
    let copied = joined(task::spawn_blocking(files)).await.flatten();
    copied.map_err(|reason| BackupError::Disk { path: to, reason })
}

/// Copies a database. Its other connections read and write meanwhile.
async fn copy_database(source: &Path, copy: &Path) -> Result<(), sqlx::Error> {
    private::touch(copy)?;
    let target = copy.to_str().ok_or_else(|| sqlx::Error::Protocol("the path is not UTF-8".to_owned()))?;
    let options = SqliteConnectOptions::new().filename(source).pragma("temp_store", "MEMORY");
    let mut connection = options.connect().await?;
    sqlx::query("VACUUM INTO ?").bind(target).execute(&mut connection).await?;
    connection.close().await
}

/// Copies the first bytes of a file, and syncs the copy. False if there is no such file.
fn copy_start(from: &Path, to: &Path, bytes: u64) -> io::Result<bool> {
    let source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        source => source?,
    };
    let mut copy = private::open(to, File::options().create_new(true).write(true))?;
    io::copy(&mut source.take(bytes), &mut copy)?;
    copy.sync_all()?;
    Ok(true)
}

/// Copies the file of deletions, also of those that came after the copy of the database.
fn copy_deletions(from: &Path, into: &Path) -> io::Result<()> {
    copy_start(&from.join(DELETIONS_FILE), &into.join(DELETIONS_FILE), u64::MAX).map(drop)
}

fn copy_secrets(plan: &BackupPlan, into: &Path) -> io::Result<()> {
    let BackupSecrets::Included { keys } = &plan.secrets else { return Ok(()) };
    for name in [KEYS_FILE, TOKEN_FILE] {
        if let Some(secret) = secret_file::load_bytes(&plan.data_dir, name)? {
            secret_file::store(into, name, secret)?;
        }
    }
    // Keys that the operator names have to be there.
    keys.as_ref().map_or(Ok(()), |keys| secret_file::store(into, KEYS_FILE, fs::read(keys)?))
}

impl UnfinishedDirectory {
    fn create(target: &Path) -> io::Result<Self> {
        let mut name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(format!(".{}.part", Uuid::new_v4().simple()));
        let path = target.with_file_name(name);
        private::create_dir(&path)?;
        Ok(Self { path, is_finished: false })
    }

    /// Gives the directory its name, so that it survives a power cut.
    fn finish(mut self, target: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, target)?;
        self.is_finished = true;
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for UnfinishedDirectory {
    fn drop(&mut self) {
        if !self.is_finished {
            // Whatever stays has a name that nothing reads.
            fs::remove_dir_all(&self.path).ok();
        }
    }
}
