-- What installations can delete, and what was deleted. Hashes are made under a key of the collector that is not here.

-- The hash of the first commitment that came with a report of the installation; NULL while there is none.
ALTER TABLE instance ADD COLUMN commitment BLOB;

-- Reports that came with another commitment than the first: a data directory was copied without its secret.
INSERT INTO tally (name, count) VALUES ('clones', 0);

-- One row a deleted installation, while its late reports are refused.
CREATE TABLE tombstone (
    -- The hash of its UUID.
    installation INTEGER PRIMARY KEY,
    -- The hash of its commitment; NULL if it had none.
    commitment   BLOB,
    -- What its receipt says.
    hour         INTEGER NOT NULL,
    reports      INTEGER NOT NULL,
    raw_reports  INTEGER NOT NULL,
    days         INTEGER NOT NULL,
    until        INTEGER NOT NULL,
    key          TEXT    NOT NULL,
    signature    TEXT    NOT NULL,
    -- The installation, until its last row is removed; then NULL.
    unfinished   TEXT
) STRICT;

CREATE INDEX tombstone_by_time ON tombstone (until);
CREATE INDEX tombstone_unfinished ON tombstone (unfinished) WHERE unfinished IS NOT NULL;

-- One row: which keys the hashes were made with.
CREATE TABLE key_fingerprint (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT    NOT NULL
) STRICT;
