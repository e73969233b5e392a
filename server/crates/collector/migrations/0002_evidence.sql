-- What tells a report from another under the same id, what shows that an installation reports twice, and the time of the
-- collector.

-- The SHA-256 of the report as it was sent, decompressed; NULL for reports that version 0.1.0 stored.
ALTER TABLE report ADD COLUMN digest BLOB;

-- 1: of one of several servers of an installation, and not of the one that speaks for all of them.
ALTER TABLE report ADD COLUMN replica INTEGER NOT NULL DEFAULT 0;

-- What the report covers, in Unix seconds by the clock of its sender; NULL when it does not say.
ALTER TABLE report ADD COLUMN period_from INTEGER;
ALTER TABLE report ADD COLUMN period_to INTEGER;

-- 1: it arrived while the clock of the machine was doubted.
ALTER TABLE report ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0;

CREATE INDEX report_by_period ON report (instance, period_to, period_from) WHERE replica = 0 AND period_to IS NOT NULL;

CREATE INDEX report_doubted ON report (seq) WHERE doubted = 1;

-- Reports whose time overlaps that of an earlier one.
ALTER TABLE instance ADD COLUMN overlaps INTEGER NOT NULL DEFAULT 0;

-- What was counted so far, over all installations.
CREATE TABLE tally (
    name  TEXT    PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT;

INSERT INTO tally (name, count) VALUES ('conflicts', 0), ('overlaps', 0);

-- One row: the time of the collector when it last wrote, by which the clock of the machine is checked at the next start.
CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER
) STRICT;

INSERT INTO clock (id, at) SELECT 1, max(received_at) FROM report;

-- What version 0.1.0 kept, with the UUIDs of browsers. The program makes rows of `counts` of it and then drops the table.
ALTER TABLE counts RENAME TO old_counts;

-- What is kept of a report as long as its row in `report`: the payload with the number of users instead of their UUIDs,
-- without profiles, as JSON, compressed with zstd.
CREATE TABLE counts (
    seq  INTEGER PRIMARY KEY REFERENCES report (seq) ON DELETE CASCADE,
    zstd BLOB    NOT NULL
) STRICT;
