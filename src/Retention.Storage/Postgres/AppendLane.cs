using System.Diagnostics;
using Npgsql;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Postgres;

/// <summary>
/// The one way by which a node writes: a connection of its own, one batch at a time. After a failure nobody knows
/// whether the batch was applied, or still will be: the lane then raises its epoch, which waits for what is under way
/// and for the synchronous standby, and fences off the rest. Only then may anything be read or written again.
/// </summary>
internal sealed class AppendLane : IDisposable
{
    private const string DiskFull = "53100";
    private const string TooManyConnections = "53300";
    private const int KeyTaken = -1;
    private const int Held = -3;
    private static readonly TimeSpan PauseWhenHeld = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan PauseBetweenTries = TimeSpan.FromMilliseconds(50);

    private readonly Lock gate = new();
    private readonly Guid id = Guid.CreateVersion7();
    private readonly Connections connections;
    private readonly KnownVersions known;
    private readonly AppendBatch batch;
    private NpgsqlConnection? connection;
    private AppendCommand? append;
    private string? warning;
    private long epoch;
    private volatile bool isUnsettled;

    public AppendLane(Connections connections)
    {
        this.connections = connections;
        known = new KnownVersions(connections.Options.VersionsKnown);
        batch = new AppendBatch(known);
    }

    /// <summary>Names the node in the lane and lease tables.</summary>
    public Guid Id => id;

    public CommitResult[] Commit(IReadOnlyList<Commit> commits)
    {
        lock (gate)
        {
            EnsureOpen();
            batch.Fill(commits);
            warning = null;
            try
            {
                var (head, answers, stale) = append!.Run(batch, known.Head, epoch);
                if (warning is { } said && batch.Stored > 0) throw new CommitInDoubtException(said);
                known.MeetHead(head);
                if (answers is null) return AllDone(head);
                PauseIfHeld(answers);
                return Judged(head, answers, batch.Named(stale));
            }
            catch (PostgresException full) when (full.SqlState == DiskFull)
            {
                // Raised before the end of the transaction: nothing was applied.
                return [.. commits.Select(_ => new CommitResult(CommitVerdict.Full, 0))];
            }
            catch
            {
                Close();
                throw;
            }
        }
    }

    /// <summary>Returns when no outcome is in doubt any more; at once when none is.</summary>
    public void Settle()
    {
        if (!isUnsettled) return;
        lock (gate)
        {
            EnsureOpen();
        }
    }

    /// <summary>Opens the lane, so that a node that cannot work says so at its start.</summary>
    public void Open()
    {
        lock (gate)
        {
            EnsureOpen();
        }
    }

    /// <summary>A node that ends lets the others go on at once.</summary>
    public void LeaveTurns()
    {
        lock (gate)
        {
            if (connection is not null) Scalar($"DELETE FROM claim WHERE lane = '{id}'");
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            append?.Dispose();
            connection?.Dispose();
            connection = null;
        }
    }

    private CommitResult[] AllDone(long head)
    {
        batch.Learn();
        known.Head = head + batch.Stored;
        var results = new CommitResult[batch.Stores.Count];
        for (var index = 0; index < results.Length; index++)
        {
            results[index] = new CommitResult(CommitVerdict.Done, head + batch.StoredBefore[index]);
        }

        return results;
    }

    private CommitResult[] Judged(long head, int[] answers, IReadOnlySet<GrainId> stale)
    {
        batch.Forget();
        known.Head = head + Math.Max(0, answers.Max());
        var results = new CommitResult[answers.Length];
        for (var index = 0; index < results.Length; index++)
        {
            results[index] = answers[index] < 0
                ? new CommitResult(CommitVerdict.Conflict, 0, KeysAreNew: answers[index] != KeyTaken, stale)
                : new CommitResult(CommitVerdict.Done, head + answers[index]);
        }

        return results;
    }

    /// <summary>
    /// Where nothing could be done but wait for another node's turn, the next try would come too early: it takes a commit.
    /// </summary>
    private static void PauseIfHeld(int[] answers)
    {
        if (answers.Contains(Held) && answers.All(answer => answer < 0)) Thread.Sleep(PauseWhenHeld);
    }

    private void EnsureOpen()
    {
        if (connection is not null) return;
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                TryOpen();
                return;
            }
            catch (NpgsqlException cause) when (IsAway(cause)
                && Stopwatch.GetElapsedTime(started) < connections.Options.ReconnectFor)
            {
                Close();
                Thread.Sleep(PauseBetweenTries);
            }
            catch
            {
                Close();
                throw;
            }
        }
    }

    private void TryOpen()
    {
        connection = connections.Open();
        connection.Notice += OnNotice;
        warning = null;
        Scalar("SELECT set_config('synchronous_commit', "
            + "CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on' "
            + "ELSE current_setting('synchronous_commit') END, false)");
        if (Scalar($"SELECT pg_try_advisory_lock_shared({AdvisoryKeys.Nodes(connections.Options.Schema)})") is false)
        {
            throw new DatabaseInUseException("The database is being read as a whole; no node may work in it now.");
        }

        using (var settle = new NpgsqlCommand("SELECT settle($1)", connection))
        {
            settle.CommandTimeout = connections.Options.CommitTimeoutSeconds;
            settle.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
            epoch = (long)settle.ExecuteScalar()!;
        }

        if (warning is { } said) throw new CommitInDoubtException(said);
        append = new AppendCommand(connection, id, batch, connections.Options);
        isUnsettled = false;
    }

    private object? Scalar(string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }

    private void OnNotice(object sender, NpgsqlNoticeEventArgs notice)
    {
        // "canceling wait for synchronous replication": done here, and perhaps nowhere else.
        if (notice.Notice.InvariantSeverity == "WARNING") warning = notice.Notice.MessageText;
    }

    private static bool IsAway(NpgsqlException cause) =>
        cause is not PostgresException { SqlState: var state }
        || state.StartsWith("57P", StringComparison.Ordinal) || state == TooManyConnections;

    private void Close()
    {
        isUnsettled = true;
        known.Clear();
        append?.Dispose();
        append = null;
        if (connection is { } open)
        {
            connection = null;
            NpgsqlConnection.ClearPool(open);
            open.Dispose();
        }
    }
}
