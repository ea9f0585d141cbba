-- Makes room in the journal up to a position, a part at a time. Called under the lock of journal_head.
CREATE FUNCTION make_room(p_until bigint, p_part_size bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_room bigint;
    v_first bigint;
BEGIN
    SELECT room INTO v_room FROM journal_head;
    WHILE v_room <= p_until LOOP
        v_first := v_room;
        v_room := (v_room / p_part_size + 1) * p_part_size;
        EXECUTE format('CREATE TABLE journal_%s (LIKE journal INCLUDING ALL)', v_first);
        EXECUTE format('ALTER TABLE journal ATTACH PARTITION journal_%s FOR VALUES FROM (%s) TO (%s)',
            v_first, v_first, v_room);
    END LOOP;

    UPDATE journal_head SET room = v_room;
END $$;

-- Judges the commits of a batch in their order, over the heads that the store holds. Slots number the commits that
-- store something; a commit in conflict loses its slot, and whatever touches a grain that it failed to write is in
-- conflict too. Answers per commit: -1 for a conflict, else how many commits of the batch are stored up to it.
CREATE FUNCTION judge(
    p_stores boolean[],
    p_grain uuid[],
    p_touch_end integer[], p_touch_grain integer[], p_touch_version bigint[], p_touch_new bigint[],
    p_key uuid[],
    p_key_end integer[], p_key_index integer[]) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    v_heads bigint[];
    v_taken boolean[];
    v_failed boolean[] := array_fill(false, ARRAY[cardinality(p_grain)]);
    v_answers integer[] := array_fill(-1, ARRAY[cardinality(p_stores)]);
    v_stored integer := 0;
    v_touch integer := 1;
    v_index integer := 1;
    v_holds boolean;
BEGIN
    SELECT array_agg(coalesce((
            SELECT c.version FROM grain_commit c WHERE c.grain = g.grain ORDER BY c.version DESC LIMIT 1), 0) ORDER BY g.o)
        INTO v_heads FROM unnest(p_grain) WITH ORDINALITY g(grain, o);
    SELECT array_agg(EXISTS (SELECT FROM ledger_key l WHERE l.key = k.key) ORDER BY k.o)
        INTO v_taken FROM unnest(p_key) WITH ORDINALITY k(key, o);

    FOR v_commit IN 1..cardinality(p_stores) LOOP
        v_holds := true;
        FOR t IN v_touch..p_touch_end[v_commit] LOOP
            v_holds := v_holds AND NOT v_failed[p_touch_grain[t]] AND v_heads[p_touch_grain[t]] = p_touch_version[t];
        END LOOP;

        FOR k IN v_index..p_key_end[v_commit] LOOP
            v_holds := v_holds AND NOT v_taken[p_key_index[k]];
        END LOOP;

        FOR t IN v_touch..p_touch_end[v_commit] LOOP
            IF p_touch_new[t] > 0 THEN
                IF v_holds THEN
                    v_heads[p_touch_grain[t]] := p_touch_new[t];
                ELSE
                    v_failed[p_touch_grain[t]] := true;
                END IF;
            END IF;
        END LOOP;

        IF v_holds THEN
            FOR k IN v_index..p_key_end[v_commit] LOOP
                v_taken[p_key_index[k]] := true;
            END LOOP;

            v_stored := v_stored + p_stores[v_commit]::integer;
            v_answers[v_commit] := v_stored;
        END IF;

        v_touch := p_touch_end[v_commit] + 1;
        v_index := p_key_end[v_commit] + 1;
    END LOOP;

    RETURN v_answers;
END $$;

-- Appends a batch: one call, one transaction, one round trip. First every grain is compared with the version that
-- the batch was decided on, and every key looked for; only then is anything inserted. Where all hold, the answers are
-- null; else the batch is judged commit by commit, and what is in conflict is left out whole.
CREATE FUNCTION append(
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
    v_slots integer[] := p_slots;
BEGIN
    PERFORM set_config('retention.partitions', p_visible::text, true);
    IF true = ANY (p_stores) THEN
        SELECT position, room INTO head, v_room FROM journal_head FOR UPDATE;
        IF NOT EXISTS (SELECT FROM lane WHERE id = p_lane AND epoch = p_epoch) THEN
            RAISE EXCEPTION 'lane % was closed at epoch %', p_lane, p_epoch USING ERRCODE = 'RT001';
        END IF;
    END IF;

    IF NOT p_in_order
        OR EXISTS (
            SELECT FROM unnest(p_grain, p_asserted) g(grain, version)
            WHERE g.version <> coalesce((
                SELECT c.version FROM grain_commit c WHERE c.grain = g.grain ORDER BY c.version DESC LIMIT 1), 0))
        OR EXISTS (SELECT FROM unnest(p_key) k(key) WHERE EXISTS (SELECT FROM ledger_key l WHERE l.key = k.key))
    THEN
        answers := judge(p_stores, p_grain, p_touch_end, p_touch_grain, p_touch_version, p_touch_new,
            p_key, p_key_end, p_key_index);
        v_slots := ARRAY(
            SELECT CASE WHEN s.stores AND s.answer > 0 THEN s.answer ELSE 0 END
            FROM unnest(p_stores, answers) WITH ORDINALITY s(stores, answer, o) ORDER BY s.o);
    END IF;

    SELECT max(slot) INTO v_count FROM unnest(v_slots) slot;
    IF coalesce(v_count, 0) = 0 THEN
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

-- Sets, moves and clears reminders; of several changes of one reminder the last holds. Seconds of null clear it.
CREATE FUNCTION remind(
    p_slots integer[], p_commit integer[], p_grain uuid[], p_partition text[], p_kind text[], p_key text[],
    p_name text[], p_seconds bigint[], p_nanoseconds bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM reminder r
        USING unnest(p_commit, p_grain, p_name) c(commit, grain, name)
        WHERE p_slots[c.commit] > 0 AND r.grain = c.grain AND r.name = c.name;
    INSERT INTO reminder (grain, name, partition_id, kind, key, due_seconds, due_nanoseconds)
        SELECT l.grain, l.name, l.partition_id, l.kind, l.key, l.seconds, l.nanoseconds
        FROM (
            SELECT DISTINCT ON (c.grain, c.name) c.*
            FROM unnest(p_commit, p_grain, p_partition, p_kind, p_key, p_name, p_seconds, p_nanoseconds)
                WITH ORDINALITY c(commit, grain, partition_id, kind, key, name, seconds, nanoseconds, o)
            WHERE p_slots[c.commit] > 0
            ORDER BY c.grain, c.name, c.o DESC) l
        WHERE l.seconds IS NOT NULL;
END $$;

-- Closes what a lane may still have under way: it waits for a batch that is being appended, and a later one of the
-- old epoch is refused. The write makes the call wait for the synchronous standby, which then has all before it too.
CREATE FUNCTION settle(p_lane uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_epoch bigint;
BEGIN
    PERFORM position FROM journal_head FOR UPDATE;
    INSERT INTO lane (id, epoch) VALUES (p_lane, 1) ON CONFLICT (id) DO UPDATE SET epoch = lane.epoch + 1
        RETURNING epoch INTO v_epoch;
    RETURN v_epoch;
END $$;

-- Takes or renews a lease by the clock of the database; says whether the holder has it.
CREATE FUNCTION hold(p_name text, p_holder uuid, p_for interval) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_holder uuid;
BEGIN
    INSERT INTO lease (name, holder, until) VALUES (p_name, p_holder, clock_timestamp() + p_for)
        ON CONFLICT (name) DO UPDATE SET holder = p_holder, until = excluded.until
        WHERE lease.holder = p_holder OR lease.until < clock_timestamp()
        RETURNING holder INTO v_holder;
    RETURN v_holder IS NOT NULL;
END $$;
