using NodaTime;

namespace Retention.Storage.Postgres;

/// <summary>Which database the store works in and every limit it keeps.</summary>
public sealed record PostgresOptions
{
    /// <summary>As Npgsql reads it. The role owns the schema and is neither superuser nor exempt from row security.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>Schema of all tables; made by the first start.</summary>
    public string Schema { get; init; } = "retention";

    /// <summary>Refuse a database that acknowledges a commit before a standby has it.</summary>
    public bool NeedsStandby { get; init; }

    /// <summary>Connections of one node beside its lane; more callers wait.</summary>
    public int Readers { get; init; } = 6;

    /// <summary>Positions in one part of the journal.</summary>
    public long PartSize { get; init; } = 10_000_000;

    /// <summary>A grain wants a snapshot when this many facts stand behind its last one.</summary>
    public int FactsPerSnapshot { get; init; } = 64;

    /// <summary>Grains that may wait for a snapshot; more are forgotten until their next wish.</summary>
    public int SnapshotsWaiting { get; init; } = 65_536;

    /// <summary>Grains of which a lane remembers the version, so that the database need not look it up for each commit.</summary>
    public int VersionsKnown { get; init; } = 200_000;

    /// <summary>
    /// A batch that is not answered by then is given up, and its outcome is asked for. With the second that its
    /// cancelling may take, a connection that fell silent is found within ten.
    /// </summary>
    public int CommitTimeoutSeconds { get; init; } = 9;

    /// <summary>A query that is not answered by then fails; likewise.</summary>
    public int QueryTimeoutSeconds { get; init; } = 9;

    /// <summary>After this time without a sign the work of one for all moves to another node.</summary>
    public Duration LeaseFor { get; init; } = Duration.FromSeconds(2);

    /// <summary>How often a node that follows the journal asks for commits of other nodes.</summary>
    public TimeSpan FollowEvery { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a commit waits for a database that does not answer before its outcome counts as unknown.</summary>
    public TimeSpan ReconnectFor { get; init; } = TimeSpan.FromSeconds(1);
}
