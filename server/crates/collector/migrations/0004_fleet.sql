-- What the numbers of the fleet are computed from. A day is a number of days since 1970-01-01, in UTC.

-- The name of the product that a report is from, and the day that it counts in.
ALTER TABLE report ADD COLUMN product TEXT NOT NULL DEFAULT 'coroot';
ALTER TABLE report ADD COLUMN day INTEGER NOT NULL DEFAULT 0;

UPDATE report SET day = received_at / 86400;

-- The typed form of a report, of which cells are computed. `instance` is a hash of the UUID under a key of the collector.
CREATE TABLE typed (
    seq      INTEGER PRIMARY KEY REFERENCES report (seq) ON DELETE CASCADE,
    day      INTEGER NOT NULL,
    product  TEXT    NOT NULL,
    instance INTEGER NOT NULL,
    made_at  INTEGER NOT NULL,
    replica  INTEGER NOT NULL,
    report   BLOB    NOT NULL
) STRICT;

CREATE INDEX typed_by_day ON typed (day, product, instance, seq);

-- The browsers of a report, as hashes under a key of the day. Both are deleted when the day is final.
CREATE TABLE browser_day (
    day      INTEGER NOT NULL,
    seq      INTEGER NOT NULL REFERENCES report (seq) ON DELETE CASCADE,
    browsers BLOB    NOT NULL,
    PRIMARY KEY (day, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX browser_day_by_report ON browser_day (seq);

CREATE TABLE browser_key (
    day INTEGER PRIMARY KEY,
    key BLOB    NOT NULL
) STRICT;

-- Days with reports that no block has yet. `changes` counts them, so that one that arrives during the computation is seen.
CREATE TABLE changed_day (
    product TEXT    NOT NULL,
    day     INTEGER NOT NULL,
    changes INTEGER NOT NULL,
    PRIMARY KEY (product, day)
) STRICT, WITHOUT ROWID;

-- What was computed: a layer has one block per product, day and name. A newer block replaces an older one as a whole.
CREATE TABLE block (
    layer   TEXT    NOT NULL,
    product TEXT    NOT NULL,
    day     INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    made_at INTEGER NOT NULL,
    block   BLOB    NOT NULL,
    PRIMARY KEY (layer, product, name, day)
) STRICT, WITHOUT ROWID;

-- What version 0.2.0 kept. The program makes rows of `typed` of it and then drops the table.
ALTER TABLE counts RENAME TO untyped_counts;

-- The names in profiles: a stack is the numbers of its functions, eight bytes each. `seen` is the last day with a report that
-- has it. `place` is the order in which they came.
CREATE TABLE profile_function (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id    INTEGER NOT NULL UNIQUE,
    name  TEXT    NOT NULL
) STRICT;

CREATE TABLE profile_stack (
    place  INTEGER PRIMARY KEY AUTOINCREMENT,
    id     INTEGER NOT NULL UNIQUE,
    frames BLOB    NOT NULL,
    seen   INTEGER NOT NULL
) STRICT;

CREATE INDEX profile_stack_by_day ON profile_stack (seen);

INSERT INTO tally (name, count) VALUES ('unreadable_profiles', 0);
