-- What a maker can trust: which products have a place, what became of every report, what alerts are about, and which deletions
-- are applied. A day is a number of days since 1970-01-01, in UTC; an hour is one of hours.

-- The products that have a place. Reports of all others count as `other`.
CREATE TABLE product (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO product (name) VALUES ('coroot');

-- As many as MOST_PRODUCTS of src/known_products.rs, those with the most reports.
INSERT INTO product (name)
    SELECT product FROM (SELECT product, count(*) AS reports FROM report GROUP BY product
        UNION ALL SELECT DISTINCT product, 0 FROM block)
    WHERE product NOT IN ('coroot', 'other') GROUP BY product ORDER BY sum(reports) DESC, product LIMIT 63;

UPDATE report SET product = 'other' WHERE product NOT IN (SELECT name FROM product);

-- What became of the reports that arrived on a day. Day -1 has the sums of all days, also of those that were dropped. The names
-- of entries are in src/intake_entry.rs.
CREATE TABLE ledger (
    day     INTEGER NOT NULL,
    product TEXT    NOT NULL,
    entry   TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (day, product, entry)
) STRICT, WITHOUT ROWID;

CREATE TEMP TABLE earlier AS
    SELECT received_at / 86400 AS arrived, product, count(*) AS reports, sum(day < received_at / 86400) AS late,
        sum(set_aside) AS set_aside FROM report GROUP BY 1, 2;

INSERT INTO ledger (day, product, entry, count) SELECT arrived, product, 'received', reports FROM earlier;
INSERT INTO ledger (day, product, entry, count) SELECT arrived, product, 'stored', reports FROM earlier;
INSERT INTO ledger (day, product, entry, count) SELECT arrived, product, 'noted/late', late FROM earlier WHERE late > 0;
INSERT INTO ledger (day, product, entry, count)
    SELECT arrived, product, 'set_aside/other', set_aside FROM earlier WHERE set_aside > 0;

DROP TABLE earlier;

INSERT INTO ledger (day, product, entry, count) SELECT -1, product, entry, sum(count) FROM ledger GROUP BY product, entry;

-- What was counted without a day and a product.
INSERT INTO ledger (day, product, entry, count)
    SELECT -1, 'other', CASE name WHEN 'conflicts' THEN 'not_stored/conflict' WHEN 'overlaps' THEN 'noted/overlap'
        WHEN 'clones' THEN 'noted/clone' ELSE 'noted/unreadable_profile' END, count FROM tally WHERE count > 0;
INSERT INTO ledger (day, product, entry, count)
    SELECT -1, 'other', 'received', count FROM tally WHERE name = 'conflicts' AND count > 0
    ON CONFLICT (day, product, entry) DO UPDATE SET count = count + excluded.count;

DROP TABLE tally;

-- The reports that arrived in an hour, for the last days.
CREATE TABLE intake_hour (
    hour     INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,
    stored   INTEGER NOT NULL,
    refused  INTEGER NOT NULL
) STRICT;

-- The versions that several installations run, and the hour in which that was first so.
CREATE TABLE seen_version (
    version TEXT    PRIMARY KEY,
    hour    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The alerts that are or were active, since when, and whether that was told.
CREATE TABLE maker_alert (
    name      TEXT    PRIMARY KEY,
    since     INTEGER NOT NULL,
    is_active INTEGER NOT NULL,
    told      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The lines of the file of deletions that are applied here.
CREATE TABLE applied_deletion (
    line TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
