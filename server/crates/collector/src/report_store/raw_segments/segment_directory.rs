//! Reads and writes the segment files in the directory `raw` of the data directory.

use std::{
    fmt,
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use headcount_fleet::calendar_day::CalendarDay;
use headcount_platform::disk::private;

/// The directory in the data directory.
pub(crate) const RAW_DIRECTORY: &str = "raw";

const ENDING: &str = ".segment";

/// The bytes that are overwritten at once.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// The name of a segment file: `2026-11-28-000001.segment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SegmentName {
    /// The day on which its reports arrived.
    pub(crate) day: CalendarDay,
    /// Its number; a later segment has a higher one.
    pub(crate) number: i64,
}

/// The text is not the name of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSegmentName;

/// Where a record is in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordPlace {
    /// Its first byte.
    pub(crate) offset: u64,
    /// The number of its bytes.
    pub(crate) length: u64,
}

/// The directory of segment files.
#[derive(Debug, Clone)]
pub(crate) struct SegmentDirectory(PathBuf);

impl fmt::Display for SegmentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{:06}{ENDING}", self.day, self.number)
    }
}

impl FromStr for SegmentName {
    type Err = NoSegmentName;

    fn from_str(text: &str) -> Result<Self, NoSegmentName> {
        let parts = text.strip_suffix(ENDING).and_then(|name| name.rsplit_once('-'));
        let (day, number) = parts.ok_or(NoSegmentName)?;
        let name = Self {
            day: day.parse().map_err(|_| NoSegmentName)?,
            number: number.parse().map_err(|_| NoSegmentName)?,
        };
        // Numbers have several spellings, but files have one name.
        if name.number > 0 && name.to_string() == text { Ok(name) } else { Err(NoSegmentName) }
    }
}

impl SegmentDirectory {
    /// The directory of a data directory.
    #[must_use]
    pub(crate) fn in_data_dir(data_dir: &Path) -> Self {
        Self(data_dir.join(RAW_DIRECTORY))
    }

    /// Creates the directory if it is missing, so that it survives a power cut.
    ///
    /// # Errors
    /// The disk refused.
    pub(crate) fn create(&self) -> io::Result<()> {
        private::create_dir(&self.0)?;
        self.0.parent().map_or(Ok(()), sync_directory)
    }

    /// The segments with a file; other files are left out.
    ///
    /// # Errors
    /// The disk refused.
    pub(crate) fn segment_names(&self) -> io::Result<Vec<SegmentName>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            names.extend(entry?.file_name().to_str().and_then(|name| name.parse::<SegmentName>().ok()));
        }
        Ok(names)
    }

    /// The path of a segment.
    #[must_use]
    pub(crate) fn path(&self, name: SegmentName) -> PathBuf {
        self.0.join(name.to_string())
    }

    /// Creates an empty segment. Its name survives a power cut.
    ///
    /// # Errors
    /// There is such a file, or the disk refused.
    pub(super) fn create_segment(&self, name: SegmentName) -> io::Result<File> {
        let path = self.path(name);
        let file = private::open(&path, File::options().create_new(true).read(true).write(true))?;
        if let Err(error) = sync_directory(&self.0) {
            // If this fails, too, the next start removes the file.
            fs::remove_file(&path).ok();
            return Err(error);
        }
        Ok(file)
    }

    /// Opens a segment and removes everything after its first `bytes` bytes; `None` if there is no such file.
    ///
    /// # Errors
    /// The disk refused.
    pub(super) fn cut_segment(&self, name: SegmentName, bytes: u64) -> io::Result<Option<File>> {
        let options = &mut File::options();
        let Some(file) = if_found(private::open(&self.path(name), options.read(true).write(true)))? else {
            return Ok(None);
        };
        if file.metadata()?.len() > bytes {
            file.set_len(bytes)?;
        }
        Ok(Some(file))
    }

    /// Removes a segment. One that does not exist is removed already.
    ///
    /// # Errors
    /// The disk refused.
    pub(super) fn remove_segment(&self, name: SegmentName) -> io::Result<()> {
        if_found(fs::remove_file(self.path(name))).map(drop)
    }

    /// The bytes at a place; `None` if there is no such file.
    ///
    /// # Errors
    /// The disk refused. A file that ends before the place gives only the bytes that it has.
    pub(super) fn read_place(&self, name: SegmentName, place: RecordPlace) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = if_found(File::open(self.path(name)))? else { return Ok(None) };
        // A damaged row must not make the program allocate what no file has.
        let there = file.metadata()?.len().saturating_sub(place.offset).min(place.length);
        let mut bytes = vec![0; usize::try_from(there).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, place.offset)?;
        Ok(Some(bytes))
    }

    /// Overwrites places with zeros, on the disk. A file that does not exist has nothing to overwrite.
    ///
    /// # Errors
    /// The disk refused; some places may be overwritten.
    pub(super) fn erase_places(&self, name: SegmentName, places: &[RecordPlace]) -> io::Result<()> {
        let Some(file) = if_found(File::options().write(true).open(self.path(name)))? else { return Ok(()) };
        let end_of_file = file.metadata()?.len();
        for place in places {
            let end = place.offset.saturating_add(place.length).min(end_of_file);
            let mut offset = place.offset;
            while offset < end {
                let part = usize::try_from(end - offset).map_or(ZEROS.len(), |left| left.min(ZEROS.len()));
                file.write_all_at(&ZEROS[..part], offset)?;
                offset += part as u64;
            }
        }
        file.sync_data()
    }

    /// Makes the names in the directory survive a power cut.
    ///
    /// # Errors
    /// The disk refused.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        sync_directory(&self.0)
    }
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// `None` for a file that does not exist.
fn if_found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn name(number: i64) -> SegmentName {
        SegmentName { day: "2026-11-28".parse().unwrap(), number }
    }

    #[test]
    fn names_are_read_as_they_are_written_and_others_are_none() {
        for number in [1, 42, 999_999, 1_000_000, i64::MAX] {
            assert_eq!(name(number).to_string().parse(), Ok(name(number)));
        }
        assert_eq!(name(1).to_string(), "2026-11-28-000001.segment");
        for text in [
            "",
            ".segment",
            "2026-11-28.segment",
            "2026-11-28-1.segment",
            "2026-11-28-000000.segment",
            "2026-11-28-+00001.segment",
            "2026-11-28--00001.segment",
            "2026-13-28-000001.segment",
            "2026-11-28-000001.segment.part",
            "2026-11-28-000001",
        ] {
            assert_eq!(text.parse::<SegmentName>(), Err(NoSegmentName), "{text}");
        }
    }

    #[test]
    fn segments_are_made_cut_erased_and_removed() {
        let data_dir = tempfile::tempdir().unwrap();
        let directory = SegmentDirectory::in_data_dir(data_dir.path());
        directory.create().unwrap();
        let file = directory.create_segment(name(1)).unwrap();
        file.write_all_at(b"firstsecondtail", 0).unwrap();
        fs::write(data_dir.path().join(RAW_DIRECTORY).join("note.txt"), "").unwrap();
        assert_eq!(directory.segment_names().unwrap(), [name(1)]);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(directory.create_segment(name(1)).is_err());

        let place = |offset, length| RecordPlace { offset, length };
        assert!(directory.cut_segment(name(1), 11).unwrap().is_some());
        assert!(directory.cut_segment(name(1), 99).unwrap().is_some());
        for (from, read) in
            [(place(5, 6), "second"), (place(0, 99), "firstsecond"), (place(u64::MAX, u64::MAX), "")]
        {
            assert_eq!(directory.read_place(name(1), from).unwrap().unwrap(), read.as_bytes());
        }
        directory.erase_places(name(1), &[place(0, 5), place(50, 10)]).unwrap();
        assert_eq!(fs::read(directory.path(name(1))).unwrap(), b"\0\0\0\0\0second");

        directory.remove_segment(name(1)).unwrap();
        directory.remove_segment(name(1)).unwrap();
        assert_eq!(directory.read_place(name(1), place(0, 1)).unwrap(), None);
        assert!(directory.cut_segment(name(1), 1).unwrap().is_none());
        directory.erase_places(name(1), &[place(0, 1)]).unwrap();
    }

    #[test]
    fn a_large_place_is_erased_whole_and_its_neighbours_stay() {
        let data_dir = tempfile::tempdir().unwrap();
        let directory = SegmentDirectory::in_data_dir(data_dir.path());
        directory.create().unwrap();
        let file = directory.create_segment(name(1)).unwrap();
        let bytes = vec![7; 3 * ZEROS.len()];
        file.write_all_at(&bytes, 0).unwrap();
        let length = 2 * ZEROS.len() as u64 + 5;
        directory.erase_places(name(1), &[RecordPlace { offset: 3, length }]).unwrap();
        let left = fs::read(directory.path(name(1))).unwrap();
        let end = 3 + 2 * ZEROS.len() + 5;
        assert!(left[..3].iter().chain(&left[end..]).all(|byte| *byte == 7));
        assert!(left[3..end].iter().all(|byte| *byte == 0));
        assert_eq!(left.len(), bytes.len());
    }
}
