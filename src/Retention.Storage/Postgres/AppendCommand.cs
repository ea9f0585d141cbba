using Npgsql;

namespace Retention.Storage.Postgres;

/// <summary>The one statement of the commit path, prepared once for each connection.</summary>
internal sealed class AppendCommand : IDisposable
{
    private const int Parameters = 42;

    private readonly NpgsqlCommand command;
    private readonly NpgsqlParameter<long> headParameter = new();
    private readonly NpgsqlParameter<long> epochParameter = new();
    private readonly NpgsqlParameter<bool> inOrderParameter = new();
    private readonly NpgsqlParameter<int> countParameter = new();

    public AppendCommand(NpgsqlConnection connection, Guid lane, AppendBatch batch, PostgresOptions options)
    {
        var places = string.Join(", ", Enumerable.Range(1, Parameters).Select(number => $"${number}"));
        command = new NpgsqlCommand($"SELECT head, answers, stale FROM append_known({places})", connection)
        {
            CommandTimeout = options.CommitTimeoutSeconds,
        };
        command.Parameters.Add(headParameter);
        Add(batch.Strange);
        Add(batch.StrangeAsserted);
        Add(lane);
        command.Parameters.Add(epochParameter);
        Add(batch.Visible);
        Add(options.PartSize);
        command.Parameters.Add(inOrderParameter);
        Add(batch.Stores);
        Add(batch.Partitions);
        Add(batch.Others);
        Add(batch.Records);
        Add(batch.Grains);
        Add(batch.Asserted);
        Add(batch.TouchEnd);
        Add(batch.TouchGrain);
        Add(batch.TouchVersion);
        Add(batch.TouchNew);
        Add(batch.WriteCommit);
        Add(batch.WriteGrain);
        Add(batch.WriteVersion);
        Add(batch.Keys);
        Add(batch.KeyEnd);
        Add(batch.KeyIndex);
        Add(batch.TakenCommit);
        Add(batch.TakenKey);
        Add(batch.Slots);
        command.Parameters.Add(countParameter);
        AddRows(batch.Reminders);
        AddRows(batch.Edges);
        command.Prepare();
    }

    /// <summary>The head before the batch, the answers of the judge, null where all commits hold, and the numbers of stale grains.</summary>
    public (long Head, int[]? Answers, int[] Stale) Run(AppendBatch batch, long knownHead, long epoch)
    {
        headParameter.TypedValue = knownHead;
        epochParameter.TypedValue = epoch;
        inOrderParameter.TypedValue = batch.IsInOrder;
        countParameter.TypedValue = batch.Stored;
        using var row = command.ExecuteReader();
        row.Read();
        return row.IsDBNull(1)
            ? (row.GetInt64(0), null, [])
            : (row.GetInt64(0), row.GetFieldValue<int[]>(1), row.GetFieldValue<int[]>(2));
    }

    public void Dispose() => command.Dispose();

    private void AddRows(ReminderRows rows)
    {
        Add(rows.Commit);
        Add(rows.Grain);
        Add(rows.Partition);
        Add(rows.Kind);
        Add(rows.Key);
        Add(rows.Name);
        Add(rows.Seconds);
        Add(rows.Nanoseconds);
    }

    private void AddRows(EdgeRows rows)
    {
        Add(rows.Commit);
        Add(rows.From);
        Add(rows.To);
        Add(rows.Outbox);
        Add(rows.Sent);
        Add(rows.Received);
    }

    private void Add<T>(T value) => command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
}
