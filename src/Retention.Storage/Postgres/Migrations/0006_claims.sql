-- Turns by what is written. Nearly every commit reads its tenant's settings: while a claim took all that a commit touches,
-- a node that was late for one customer held up the other nodes' writes for the whole tenant. Now a commit claims what it
-- writes and what was stale, and a claim holds up the commits that write the grain. And the function says which grains
-- were stale, so that a node reads those only, and of them only what is new. Programs that do not ask for it see no change.
DROP FUNCTION judge(uuid, boolean[], uuid[], integer[], integer[], bigint[], bigint[], uuid[], integer[], integer[]);

-- Judges the commits of a batch in their order, over the heads that the store holds. Slots number the commits that
-- store something; a commit in conflict loses its slot, and whatever touches a grain that it failed to write is in
-- conflict too. Answers per commit: -1 where a key is taken, -2 where a grain is stale, -3 where another lane has claimed
-- one that it writes, else how many commits of the batch are stored up to it. Claims are the grains that the lane wants
-- next: of each commit that was too late and would have stored something, what it writes and what was stale, if no other lane
-- holds one that it writes. Stale numbers the grains that other lanes have written since.
CREATE FUNCTION judge(
    p_lane uuid,
    p_stores boolean[],
    p_grain uuid[],
    p_touch_end integer[], p_touch_grain integer[], p_touch_version bigint[], p_touch_new bigint[],
    p_key uuid[],
    p_key_end integer[], p_key_index integer[],
    OUT answers integer[], OUT claims uuid[], OUT stale integer[]) LANGUAGE plpgsql AS $$
DECLARE
    v_heads bigint[];
    v_held boolean[];
    v_taken boolean[];
    v_failed boolean[] := array_fill(false, ARRAY[cardinality(p_grain)]);
    v_wanted boolean[] := array_fill(false, ARRAY[cardinality(p_grain)]);
    v_stale boolean[] := array_fill(false, ARRAY[cardinality(p_grain)]);
    v_stored integer := 0;
    v_touch integer := 1;
    v_index integer := 1;
    v_grain integer;
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
            v_grain := p_touch_grain[t];
            IF v_failed[v_grain] THEN
                v_fresh := false;
            ELSIF v_heads[v_grain] <> p_touch_version[t] THEN
                v_fresh := false;
                v_stale[v_grain] := true;
            END IF;

            v_free := v_free AND NOT (v_held[v_grain] AND p_touch_new[t] > 0);
        END LOOP;

        FOR k IN v_index..p_key_end[v_commit] LOOP
            v_new := v_new AND NOT v_taken[p_key_index[k]];
        END LOOP;

        FOR t IN v_touch..p_touch_end[v_commit] LOOP
            v_grain := p_touch_grain[t];
            v_wanted[v_grain] := v_wanted[v_grain]
                OR (p_stores[v_commit] AND v_free AND v_new AND NOT v_fresh AND NOT v_held[v_grain]
                    AND (p_touch_new[t] > 0 OR v_stale[v_grain]));
            IF p_touch_new[t] > 0 THEN
                IF v_fresh AND v_free AND v_new THEN
                    v_heads[v_grain] := p_touch_new[t];
                ELSE
                    v_failed[v_grain] := true;
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
    stale := ARRAY(SELECT g FROM generate_subscripts(p_grain, 1) g WHERE v_stale[g]);
END $$;

DROP FUNCTION append(
    uuid, bigint, text[], bigint, boolean, boolean[], text[], text[], bytea[], uuid[], bigint[],
    integer[], integer[], bigint[], bigint[], integer[], uuid[], bigint[], uuid[], integer[], integer[], integer[], uuid[],
    integer[], integer[], uuid[], text[], text[], text[], text[], bigint[], bigint[],
    integer[], text[], text[], uuid[], bigint[], bigint[]);

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
    OUT head bigint, OUT answers integer[], OUT stale integer[]) LANGUAGE plpgsql AS $$
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
        SELECT j.answers, j.claims, j.stale INTO answers, v_claims, stale
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

-- Appends a batch of a lane that knows the journal's head. Where the head still is what the lane's last batch left,
-- nobody else has written since, and every version that the lane saw or wrote itself is the newest: only the grains that it
-- does not know are looked up. Where it has moved, all are. Keys are not looked for but inserted: their primary key
-- refuses a second taking in the same descent. Whatever does not hold at once, and every batch while a claim is good, is
-- given to append as it is, still in the same call and under the same lock.
DROP FUNCTION append_known(
    bigint, uuid[], bigint[],
    uuid, bigint, text[], bigint, boolean, boolean[], text[], text[], bytea[], uuid[], bigint[],
    integer[], integer[], bigint[], bigint[], integer[], uuid[], bigint[], uuid[], integer[], integer[], integer[], uuid[],
    integer[], integer, integer[], uuid[], text[], text[], text[], text[], bigint[], bigint[],
    integer[], text[], text[], uuid[], bigint[], bigint[]);

CREATE FUNCTION append_known(
    p_known bigint, p_strange uuid[], p_strange_asserted bigint[],
    p_lane uuid, p_epoch bigint, p_visible text[], p_part_size bigint, p_in_order boolean,
    p_stores boolean[], p_partition text[], p_others text[], p_record bytea[],
    p_grain uuid[], p_asserted bigint[],
    p_touch_end integer[], p_touch_grain integer[], p_touch_version bigint[], p_touch_new bigint[],
    p_write_commit integer[], p_write_grain uuid[], p_write_version bigint[],
    p_key uuid[], p_key_end integer[], p_key_index integer[],
    p_taken_commit integer[], p_taken_key uuid[],
    p_slots integer[], p_count integer,
    p_remind_commit integer[], p_remind_grain uuid[], p_remind_partition text[], p_remind_kind text[],
    p_remind_key text[], p_remind_name text[], p_remind_seconds bigint[], p_remind_nanoseconds bigint[],
    p_edge_commit integer[], p_edge_from text[], p_edge_to text[], p_edge_outbox uuid[],
    p_edge_sent bigint[], p_edge_received bigint[],
    OUT head bigint, OUT answers integer[], OUT stale integer[]) LANGUAGE plpgsql AS $$
DECLARE
    v_room bigint;
    v_holds boolean;
BEGIN
    PERFORM set_config('retention.partitions', p_visible::text, true);
    IF p_count > 0 THEN
        SELECT position, room, claimed_until <= clock_timestamp() INTO head, v_room, v_holds FROM journal_head FOR UPDATE;
        IF NOT EXISTS (SELECT FROM lane WHERE id = p_lane AND epoch = p_epoch) THEN
            RAISE EXCEPTION 'lane % was closed at epoch %', p_lane, p_epoch USING ERRCODE = 'RT001';
        END IF;
    ELSE
        SELECT position, claimed_until <= clock_timestamp() INTO head, v_holds FROM journal_head;
    END IF;

    IF head <> p_known THEN
        p_strange := p_grain;
        p_strange_asserted := p_asserted;
    END IF;

    v_holds := v_holds AND p_in_order AND NOT EXISTS (
        SELECT FROM unnest(p_strange, p_strange_asserted) g(grain, version)
        WHERE g.version <> coalesce((
            SELECT c.version FROM grain_commit c WHERE c.grain = g.grain ORDER BY c.version DESC LIMIT 1), 0));
    IF v_holds AND cardinality(p_taken_commit) > 0 THEN
        BEGIN
            INSERT INTO ledger_key (key, position)
                SELECT k.key, head + p_slots[k.commit] FROM unnest(p_taken_commit, p_taken_key) k(commit, key);
        EXCEPTION WHEN unique_violation THEN
            v_holds := false;
        END;
    END IF;

    IF NOT v_holds THEN
        SELECT a.answers, a.stale INTO answers, stale
            FROM append(
                p_lane, p_epoch, p_visible, p_part_size, p_in_order, p_stores, p_partition, p_others, p_record,
                p_grain, p_asserted, p_touch_end, p_touch_grain, p_touch_version, p_touch_new,
                p_write_commit, p_write_grain, p_write_version, p_key, p_key_end, p_key_index,
                p_taken_commit, p_taken_key, p_slots, p_remind_commit, p_remind_grain, p_remind_partition,
                p_remind_kind, p_remind_key, p_remind_name, p_remind_seconds, p_remind_nanoseconds,
                p_edge_commit, p_edge_from, p_edge_to, p_edge_outbox, p_edge_sent, p_edge_received) a;
        RETURN;
    END IF;

    IF p_count = 0 THEN
        RETURN;
    END IF;

    -- A whole part ahead: a reader that planned its statement before a part was there must not meet rows in it.
    IF head + p_count + p_part_size >= v_room THEN
        PERFORM make_room(head + p_count + p_part_size, p_part_size);
    END IF;

    INSERT INTO journal (position, partition_id, others, record)
        SELECT head + p_slots[r.o], r.partition_id, string_to_array(r.others, E'\n'), r.record
        FROM unnest(p_partition, p_others, p_record) WITH ORDINALITY r(partition_id, others, record, o)
        WHERE p_slots[r.o] > 0;
    INSERT INTO grain_commit (grain, version, position)
        SELECT w.grain, w.version, head + p_slots[w.commit]
        FROM unnest(p_write_commit, p_write_grain, p_write_version) w(commit, grain, version);
    IF cardinality(p_remind_commit) > 0 THEN
        PERFORM remind(p_slots, p_remind_commit, p_remind_grain, p_remind_partition, p_remind_kind, p_remind_key,
            p_remind_name, p_remind_seconds, p_remind_nanoseconds);
    END IF;

    IF cardinality(p_edge_commit) > 0 THEN
        INSERT INTO edge (from_id, to_id, outbox, sent, received)
            SELECT e.from_id, e.to_id, e.outbox, max(e.sent), max(e.received)
            FROM unnest(p_edge_from, p_edge_to, p_edge_outbox, p_edge_sent, p_edge_received)
                e(from_id, to_id, outbox, sent, received)
            GROUP BY e.from_id, e.to_id, e.outbox
            ON CONFLICT (from_id, to_id) DO UPDATE
            SET sent = greatest(edge.sent, excluded.sent), received = greatest(edge.received, excluded.received);
    END IF;

    UPDATE journal_head SET position = head + p_count;
END $$;
