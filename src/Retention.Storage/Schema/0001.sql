-- One row per commit, for ever. The record carries its own checksum.
CREATE TABLE journal (position INTEGER PRIMARY KEY, record BLOB NOT NULL);

-- The newest saved state of a grain. A missing row costs a longer walk through the journal, never truth.
CREATE TABLE snapshot (grain BLOB PRIMARY KEY, version INTEGER NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;

-- Checksummed parts of sorted runs, filters and the change log; the manifest says which are in use.
CREATE TABLE block (id INTEGER PRIMARY KEY, content BLOB NOT NULL);

-- One row: how far the index goes and of which blocks it consists.
CREATE TABLE manifest (id INTEGER PRIMARY KEY CHECK (id = 1), content BLOB NOT NULL);
