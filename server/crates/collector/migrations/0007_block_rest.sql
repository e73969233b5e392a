-- The rest of long blocks, in parts of equal length, so that a few bytes of a block are read without the others. `part` counts
-- from 1: the first part is the row in `block`. A block that was stored before this has no rest.
CREATE TABLE block_rest (
    layer   TEXT    NOT NULL,
    product TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    day     INTEGER NOT NULL,
    part    INTEGER NOT NULL,
    bytes   BLOB    NOT NULL,
    PRIMARY KEY (layer, product, name, day, part),
    FOREIGN KEY (layer, product, name, day) REFERENCES block (layer, product, name, day) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
