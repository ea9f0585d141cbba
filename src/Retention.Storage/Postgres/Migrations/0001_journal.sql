-- The partitions (tenants, agreements, the platform) that the session may see. No setting: none. {*}: all, for
-- followers of the whole journal. Every table with content has a policy over it, also for its owner.
CREATE FUNCTION visible() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('retention.partitions', true), ''), '{}')::text[] $$;

-- Every commit, for ever. Positions are given under the lock of journal_head, so that they grow in commit order
-- without a gap. Parts by position: old ones can be sealed, moved and archived one by one.
CREATE TABLE journal (
    position bigint PRIMARY KEY,
    partition_id text COLLATE "C" NOT NULL,
    others text[] COLLATE "C",
    record bytea NOT NULL
) PARTITION BY RANGE (position);

COMMENT ON COLUMN journal.others IS 'Partitions other than its own whose grains the commit wrote; null for none.';

CREATE TABLE journal_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL,
    room bigint NOT NULL
);

COMMENT ON COLUMN journal_head.room IS 'Parts of the journal exist for positions below this one.';

INSERT INTO journal_head (position, room) VALUES (0, 1);

-- The commits of each grain: its version after the commit, and where that stands in the journal.
CREATE TABLE grain_commit (
    grain uuid NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (grain, version)
) PARTITION BY HASH (grain);

-- Request ids and natural keys, hashed together with their tenant: each is taken once.
CREATE TABLE ledger_key (
    key uuid PRIMARY KEY,
    position bigint NOT NULL
) PARTITION BY HASH (key);

DO $$
BEGIN
    FOR part IN 0..3 LOOP
        EXECUTE format('CREATE TABLE grain_commit_%s PARTITION OF grain_commit FOR VALUES WITH (MODULUS 4, REMAINDER %s)',
            part, part);
        EXECUTE format('CREATE TABLE ledger_key_%s PARTITION OF ledger_key FOR VALUES WITH (MODULUS 4, REMAINDER %s)',
            part, part);
    END LOOP;
END $$;

-- Saved states, so that fewer commits must be read again. A lost one costs time, never truth.
CREATE TABLE snapshot (
    grain uuid PRIMARY KEY,
    partition_id text COLLATE "C" NOT NULL,
    name bytea NOT NULL,
    version bigint NOT NULL,
    content bytea NOT NULL
);

CREATE TABLE reminder (
    grain uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    partition_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    due_seconds bigint NOT NULL,
    due_nanoseconds bigint NOT NULL,
    PRIMARY KEY (grain, name)
);

CREATE INDEX reminder_due ON reminder (due_seconds, due_nanoseconds, partition_id, kind, key, name);

-- How many effects went out from one partition to another, and how many the other has received.
CREATE TABLE edge (
    from_id text COLLATE "C" NOT NULL,
    to_id text COLLATE "C" NOT NULL,
    outbox uuid NOT NULL,
    sent bigint NOT NULL,
    received bigint NOT NULL,
    PRIMARY KEY (from_id, to_id)
);

CREATE INDEX edge_pending ON edge (from_id, to_id) WHERE sent > received;

-- One row for each node's lane of commits. A lane that lost its connection raises its epoch; whatever was still on
-- its way under the old one is refused from then on.
CREATE TABLE lane (
    id uuid PRIMARY KEY,
    epoch bigint NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now()
);

-- Work that one node does for all: reminders and effects that were left over.
CREATE TABLE lease (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    until timestamptz NOT NULL
);

-- One wrapped key for each person; see the program for the wrapping.
CREATE TABLE person_key (
    id bytea PRIMARY KEY,
    wrapped bytea NOT NULL
);

CREATE TABLE master_key_proof (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    proof bytea NOT NULL
);

ALTER TABLE journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE journal FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON journal USING (
    partition_id = ANY ((SELECT visible())::text[])
    OR others && (SELECT visible())
    OR (SELECT visible()) = '{*}');

ALTER TABLE snapshot ENABLE ROW LEVEL SECURITY;
ALTER TABLE snapshot FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON snapshot USING (
    partition_id = ANY ((SELECT visible())::text[]) OR (SELECT visible()) = '{*}');

ALTER TABLE reminder ENABLE ROW LEVEL SECURITY;
ALTER TABLE reminder FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON reminder USING (
    partition_id = ANY ((SELECT visible())::text[]) OR (SELECT visible()) = '{*}');

ALTER TABLE edge ENABLE ROW LEVEL SECURITY;
ALTER TABLE edge FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON edge USING (
    from_id = ANY ((SELECT visible())::text[]) OR to_id = ANY ((SELECT visible())::text[])
    OR (SELECT visible()) = '{*}');
