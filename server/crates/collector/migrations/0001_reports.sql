-- What all installations said. Times are Unix seconds, by the clock of the collector.

-- One row a report. `seq` is the order of arrival, whatever the clock does, and the cursor of the listing.
CREATE TABLE report (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The `Idempotency-Key`, or an id made on arrival: a report is counted once.
    id          TEXT    NOT NULL UNIQUE,
    instance    TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    -- The size of the report as it was sent, decompressed.
    bytes       INTEGER NOT NULL,
    -- The number of fields that could not be read.
    set_aside   INTEGER NOT NULL
) STRICT;

CREATE INDEX report_by_instance ON report (instance, seq);
CREATE INDEX report_by_time ON report (received_at);

-- The report as it was understood, without profiles, as JSON: kept as long as its row in `report`.
CREATE TABLE counts (
    seq     INTEGER PRIMARY KEY REFERENCES report (seq) ON DELETE CASCADE,
    payload TEXT    NOT NULL
) STRICT;

-- The report byte for byte as it was sent, compressed with zstd: dropped first.
CREATE TABLE raw (
    seq         INTEGER PRIMARY KEY REFERENCES report (seq) ON DELETE CASCADE,
    received_at INTEGER NOT NULL,
    zstd        BLOB    NOT NULL
) STRICT;

CREATE INDEX raw_by_time ON raw (received_at);

-- One row an installation, kept up in the transaction that stores a report, so that the fleet is never counted anew.
CREATE TABLE instance (
    instance      TEXT    PRIMARY KEY,
    version       TEXT    NOT NULL,
    database_type TEXT    NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    reports       INTEGER NOT NULL,
    users         INTEGER NOT NULL,
    page_views    INTEGER NOT NULL,
    set_aside     INTEGER NOT NULL,
    -- The latest report.
    latest_seq    INTEGER NOT NULL,
    latest_id     TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX instance_by_latest ON instance (latest_seq);
