-- Turn-taking between nodes that write the same grains. The node whose batch was written last has the states in
-- memory and the next batch ready, so that it would go first for ever. A lane that found a grain stale therefore
-- claims it: until it has written the grain, or the claim's time is over, the commits of other lanes that touch the grain
-- are in conflict. A commit claims all its grains or none, so that no two lanes wait for each other. A claim that is lost
-- costs time, never truth: versions decide.
CREATE UNLOGGED TABLE claim (
    grain uuid PRIMARY KEY,
    lane uuid NOT NULL,
    until timestamptz NOT NULL
);

ALTER TABLE journal_head ADD COLUMN claimed_until timestamptz NOT NULL DEFAULT '-infinity';

COMMENT ON COLUMN journal_head.claimed_until IS 'No claim is good beyond it: nearly always past, and then no batch looks for claims.';

DROP FUNCTION judge(boolean[], uuid[], integer[], integer[], bigint[], bigint[], uuid[], integer[], integer[]);

-- Judges the commits of a batch in their order, over the heads that the store holds. Slots number the commits that
-- store something; a commit in conflict loses its slot, and whatever touches a grain that it failed to write is in
-- conflict too. Answers per commit: -1 where a key is taken, -2 where a grain is stale, -3 where another lane has claimed one,
-- else how many commits of the batch are stored up to it. Claims are the grains that the lane wants next: all those of each commit that was too late
-- and would have stored something, if no other lane holds one of them.
CREATE FUNCTION judge(
    p_lane uuid,
    p_stores boolean[],
    p_grain uuid[],
    p_touch_end integer[], p_touch_grain integer[], p_touch_version bigint[], p_touch_new bigint[],
    p_key uuid[],
    p_key_end integer[], p_key_index integer[],
    OUT answers integer[], OUT claims uuid[]) LANGUAGE plpgsql AS $$
DECLARE
    v_heads bigint[];
    v_held boolean[];
    v_taken boolean[];
    v_failed boolean[] := array_fill(false, ARRAY[cardinality(p_grain)]);
    v_wanted boolean[] := array_fill(false, ARRAY[cardinality(p_grain)]);
    v_stored integer := 0;
    v_touch integer := 1;
    v_index integer := 1;
    v_fresh boolean;
    v_free boolean;
    v_new boolean;
BEGIN
    answers := array_fill(-1, ARRAY[cardinality(p_stores)]);
    SELECT array_agg(coalesce((
                SELECT c.version FROM grain_commit c WHERE c.grain = g.grain ORDER BY c.version DESC LIMIT 1), 0) ORDER BY g.o),
            array_agg(EXISTS (
                SELECT FROM claim c
                WHERE c.grain = g.grain AND c.lane <> p_lane AND c.until > clock_timestamp()) ORDER BY g.o)
        INTO v_heads, v_held FROM unnest(p_grain) WITH ORDINALITY g(grain, o);
    SELECT array_agg(EXISTS (SELECT FROM ledger_key l WHERE l.key = k.key) ORDER BY k.o)
        INTO v_taken FROM unnest(p_key) WITH ORDINALITY k(key, o);

    FOR v_commit IN 1..cardinality(p_stores) LOOP
        v_fresh := true;
        v_free := true;
        v_new := true;
        FOR t IN v_touch..p_touch_end[v_commit] LOOP
            v_fresh := v_fresh AND NOT v_failed[p_touch_grain[t]] AND v_heads[p_touch_grain[t]] = p_touch_version[t];
            v_free := v_free AND NOT v_held[p_touch_grain[t]];
        END LOOP;

        FOR k IN v_index..p_key_end[v_commit] LOOP
            v_new := v_new AND NOT v_taken[p_key_index[k]];
        END LOOP;

        FOR t IN v_touch..p_touch_end[v_commit] LOOP
            v_wanted[p_touch_grain[t]] := v_wanted[p_touch_grain[t]]
                OR (p_stores[v_commit] AND v_free AND v_new AND NOT v_fresh);
            IF p_touch_new[t] > 0 THEN
                IF v_fresh AND v_free AND v_new THEN
                    v_heads[p_touch_grain[t]] := p_touch_new[t];
                ELSE
                    v_failed[p_touch_grain[t]] := true;
                END IF;
            END IF;
        END LOOP;

        IF v_fresh AND v_free AND v_new THEN
            FOR k IN v_index..p_key_end[v_commit] LOOP
                v_taken[p_key_index[k]] := true;
            END LOOP;

            v_stored := v_stored + p_stores[v_commit]::integer;
            answers[v_commit] := v_stored;
        ELSIF v_new THEN
            answers[v_commit] := CASE WHEN v_free THEN -2 ELSE -3 END;
        END IF;

        v_touch := p_touch_end[v_commit] + 1;
        v_index := p_key_end[v_commit] + 1;
    END LOOP;

    claims := ARRAY(SELECT p_grain[g] FROM generate_subscripts(p_grain, 1) g WHERE v_wanted[g]);
END $$;

-- Ends the claims of a lane on the grains of its batch, and makes those that it wants next. Time is the database's.
CREATE FUNCTION take_turns(p_lane uuid, p_grain uuid[], p_claims uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_until timestamptz := clock_timestamp() + interval '100 milliseconds';
BEGIN
    DELETE FROM claim WHERE lane = p_lane AND grain = ANY (p_grain) AND grain <> ALL (p_claims);
    IF cardinality(p_claims) > 0 THEN
        DELETE FROM claim WHERE until < clock_timestamp();
        INSERT INTO claim (grain, lane, until) SELECT g, p_lane, v_until FROM unnest(p_claims) g
            ON CONFLICT (grain) DO UPDATE SET until = excluded.until;
        UPDATE journal_head SET claimed_until = v_until;
    END IF;
END $$;

-- Appends a batch: one call, one transaction, one round trip. First every grain is compared with the version that
-- the batch was decided on, and every key looked for; only then is anything inserted. Where all hold, the answers are
-- null; else the batch is judged commit by commit, and what is in conflict is left out whole.
CREATE OR REPLACE FUNCTION append(
    p_lane uuid, p_epoch bigint, p_visible text[], p_part_size bigint, p_in_order boolean,
    p_stores boolean[], p_partition text[], p_others text[], p_record bytea[],
    p_grain uuid[], p_asserted bigint[],
    p_touch_end integer[], p_touch_grain integer[], p_touch_version bigint[], p_touch_new bigint[],
    p_write_commit integer[], p_write_grain uuid[], p_write_version bigint[],
    p_key uuid[], p_key_end integer[], p_key_index integer[],
    p_taken_commit integer[], p_taken_key uuid[],
    p_slots integer[],
    p_remind_commit integer[], p_remind_grain uuid[], p_remind_partition text[], p_remind_kind text[],
    p_remind_key text[], p_remind_name text[], p_remind_seconds bigint[], p_remind_nanoseconds bigint[],
    p_edge_commit integer[], p_edge_from text[], p_edge_to text[], p_edge_outbox uuid[],
    p_edge_sent bigint[], p_edge_received bigint[],
    OUT head bigint, OUT answers integer[]) LANGUAGE plpgsql AS $$
DECLARE
    v_count integer;
    v_room bigint;
    v_claimed boolean;
    v_claims uuid[] := '{}';
    v_slots integer[] := p_slots;
BEGIN
    PERFORM set_config('retention.partitions', p_visible::text, true);
    IF true = ANY (p_stores) THEN
        SELECT position, room, claimed_until > clock_timestamp() INTO head, v_room, v_claimed FROM journal_head FOR UPDATE;
        IF NOT EXISTS (SELECT FROM lane WHERE id = p_lane AND epoch = p_epoch) THEN
            RAISE EXCEPTION 'lane % was closed at epoch %', p_lane, p_epoch USING ERRCODE = 'RT001';
        END IF;
    ELSE
        SELECT claimed_until > clock_timestamp() INTO v_claimed FROM journal_head;
    END IF;

    IF NOT p_in_order
        OR EXISTS (
            SELECT FROM unnest(p_grain, p_asserted) g(grain, version)
            WHERE g.version <> coalesce((
                SELECT c.version FROM grain_commit c WHERE c.grain = g.grain ORDER BY c.version DESC LIMIT 1), 0))
        OR EXISTS (SELECT FROM unnest(p_key) k(key) WHERE EXISTS (SELECT FROM ledger_key l WHERE l.key = k.key))
        OR v_claimed AND EXISTS (
            SELECT FROM claim c WHERE c.grain = ANY (p_grain) AND c.lane <> p_lane AND c.until > clock_timestamp())
    THEN
        SELECT j.answers, j.claims INTO answers, v_claims
            FROM judge(p_lane, p_stores, p_grain, p_touch_end, p_touch_grain, p_touch_version, p_touch_new,
                p_key, p_key_end, p_key_index) j;
        v_slots := ARRAY(
            SELECT CASE WHEN s.stores AND s.answer > 0 THEN s.answer ELSE 0 END
            FROM unnest(p_stores, answers) WITH ORDINALITY s(stores, answer, o) ORDER BY s.o);
    END IF;

    IF v_claimed OR cardinality(v_claims) > 0 THEN
        PERFORM take_turns(p_lane, p_grain, v_claims);
    END IF;

    SELECT max(slot) INTO v_count FROM unnest(v_slots) slot;
    IF coalesce(v_count, 0) = 0 THEN
        -- Nothing to keep: claims may be lost, so that nobody need wait for the disk.
        PERFORM set_config('synchronous_commit', 'off', true);
        SELECT position INTO head FROM journal_head;
        RETURN;
    END IF;

    -- A whole part ahead: a reader that planned its statement before a part was there must not meet rows in it.
    IF head + v_count + p_part_size >= v_room THEN
        PERFORM make_room(head + v_count + p_part_size, p_part_size);
    END IF;

    INSERT INTO journal (position, partition_id, others, record)
        SELECT head + v_slots[r.o], r.partition_id, string_to_array(r.others, E'\n'), r.record
        FROM unnest(p_partition, p_others, p_record) WITH ORDINALITY r(partition_id, others, record, o)
        WHERE v_slots[r.o] > 0;
    INSERT INTO grain_commit (grain, version, position)
        SELECT w.grain, w.version, head + v_slots[w.commit]
        FROM unnest(p_write_commit, p_write_grain, p_write_version) w(commit, grain, version)
        WHERE v_slots[w.commit] > 0;
    INSERT INTO ledger_key (key, position)
        SELECT k.key, head + v_slots[k.commit]
        FROM unnest(p_taken_commit, p_taken_key) k(commit, key)
        WHERE v_slots[k.commit] > 0;

    IF cardinality(p_remind_commit) > 0 THEN
        PERFORM remind(v_slots, p_remind_commit, p_remind_grain, p_remind_partition, p_remind_kind, p_remind_key,
            p_remind_name, p_remind_seconds, p_remind_nanoseconds);
    END IF;

    IF cardinality(p_edge_commit) > 0 THEN
        INSERT INTO edge (from_id, to_id, outbox, sent, received)
            SELECT e.from_id, e.to_id, e.outbox, max(e.sent), max(e.received)
            FROM unnest(p_edge_commit, p_edge_from, p_edge_to, p_edge_outbox, p_edge_sent, p_edge_received)
                e(commit, from_id, to_id, outbox, sent, received)
            WHERE v_slots[e.commit] > 0
            GROUP BY e.from_id, e.to_id, e.outbox
            ON CONFLICT (from_id, to_id) DO UPDATE
            SET sent = greatest(edge.sent, excluded.sent), received = greatest(edge.received, excluded.received);
    END IF;

    UPDATE journal_head SET position = head + v_count;
END $$;
