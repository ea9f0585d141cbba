using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>Judges commits and appends those that hold, all of a batch in one transaction. Used under the writer's gate.</summary>
internal sealed class CommitLane
{
    private readonly Session session;
    private readonly Tail tail;
    private readonly Statement begin;
    private readonly Statement insert;
    private readonly Statement commitAll;
    private readonly JournalRow row = new();
    private readonly Batch batch = new();
    private readonly HashSet<GrainId> failed = [];
    private Head[] before = new Head[16];
    private bool open;

    public CommitLane(Session session, Tail tail)
    {
        this.session = session;
        this.tail = tail;
        begin = session.Database.Prepare("BEGIN IMMEDIATE");
        insert = session.Database.Prepare("INSERT INTO journal (position, record) VALUES (?1, ?2)");
        commitAll = session.Database.Prepare("COMMIT");
    }

    /// <summary>The batch as it became durable; valid until the next one.</summary>
    public Batch Batch => batch;

    public CommitResult[] Write(IReadOnlyList<Commit> commits, long head)
    {
        batch.Start(head);
        failed.Clear();
        open = false;
        var results = new CommitResult[commits.Count];
        for (var index = 0; index < results.Length; index++)
        {
            results[index] = Judge(commits[index]);
        }

        if (open)
        {
            commitAll.Run();
        }

        return results;
    }

    private CommitResult Judge(Commit commit)
    {
        if ((failed.Count > 0 && TouchesFailed(commit)) || !Holds(commit))
        {
            foreach (var write in commit.Writes)
            {
                failed.Add(write.Grain);
            }

            return new CommitResult(CommitVerdict.Conflict, 0, KeysAreNew: !TakesKnownKey(commit));
        }

        if (commit.Writes.Count > 0 || commit.Ledger is not null || commit.Reminders.Count > 0)
        {
            Append(commit);
        }

        return new CommitResult(CommitVerdict.Done, batch.Position);
    }

    /// <summary>A version reached by somebody else is not the version that the commit was decided on.</summary>
    private bool TouchesFailed(Commit commit)
    {
        foreach (var write in commit.Writes)
        {
            if (failed.Contains(write.Grain))
            {
                return true;
            }
        }

        foreach (var check in commit.Checks)
        {
            if (failed.Contains(check.Grain))
            {
                return true;
            }
        }

        return false;
    }

    private bool Holds(Commit commit)
    {
        for (var index = 0; index < commit.Checks.Count; index++)
        {
            if (HeadOf(commit.Checks[index].Grain).Version != commit.Checks[index].Version)
            {
                return false;
            }
        }

        if (before.Length < commit.Writes.Count)
        {
            before = new Head[commit.Writes.Count * 2];
        }

        for (var index = 0; index < commit.Writes.Count; index++)
        {
            before[index] = HeadOf(commit.Writes[index].Grain);
            if (before[index].Version != commit.Writes[index].ExpectedVersion)
            {
                return false;
            }
        }

        return !TakesKnownKey(commit);
    }

    private bool TakesKnownKey(Commit commit)
    {
        for (var index = 0; index < commit.Ledger?.Keys.Count; index++)
        {
            var key = commit.Ledger.Keys[index].Value;
            if (batch.Keys.ContainsKey(key) || Lookup.PositionOf(tail, key, session) > 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Append(Commit commit)
    {
        if (!open)
        {
            begin.Run();
            open = true;
        }

        var position = batch.Position + 1;
        row.Encode(position, commit, before);
        insert.With(1, position).With(2, row.Written).Run();
        batch.Add(commit, before, row.Length);
    }

    private Head HeadOf(GrainId grain) =>
        batch.Heads.TryGetValue(grain, out var head) ? head : Lookup.HeadOf(tail, grain, session);
}
