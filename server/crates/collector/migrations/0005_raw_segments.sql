-- Where the raw copies of reports are: in files `raw/<day>-<number>.segment` of the data directory.

-- One row a file.
CREATE TABLE raw_segment (
    number    INTEGER PRIMARY KEY,
    -- The day of arrival, as a number of days since 1970-01-01 in UTC.
    day       INTEGER NOT NULL,
    -- Bytes after so many are not of a stored report.
    bytes     INTEGER NOT NULL,
    -- When the newest report in it arrived.
    newest_at INTEGER NOT NULL
) STRICT;

-- One row a raw copy: its bytes in the file, with their header.
CREATE TABLE raw_place (
    seq     INTEGER PRIMARY KEY REFERENCES report (seq) ON DELETE CASCADE,
    segment INTEGER NOT NULL REFERENCES raw_segment (number),
    offset  INTEGER NOT NULL,
    length  INTEGER NOT NULL
) STRICT;

CREATE INDEX raw_place_by_segment ON raw_place (segment);

-- What earlier versions kept. The program moves the rows to files and then drops the table.
DROP INDEX raw_by_time;
ALTER TABLE raw RENAME TO unplaced_raw;
