-- Appends a batch of a lane that knows the journal's head. Where the head still is what the lane's last batch left,
-- nobody else has written since, and every version that the lane saw or wrote itself is the newest: only the grains that it
-- does not know are looked up. Where it has moved, all are. Keys are not looked for but inserted: their primary key
-- refuses a second taking in the same descent. Whatever does not hold at once, and every batch while a claim is good, is
-- given to append as it is, still in the same call and under the same lock.
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
    OUT head bigint, OUT answers integer[]) LANGUAGE plpgsql AS $$
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
        SELECT a.answers INTO answers
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
