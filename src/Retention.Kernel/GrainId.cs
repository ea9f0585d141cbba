namespace Retention.Kernel;

/// <summary>
/// Names one grain: the unit of state, of order and of version. Equality is by all three parts.
/// The hash is the same in every process, so that a simulated run can be replayed.
/// </summary>
public readonly struct GrainId : IEquatable<GrainId>
{
    /// <summary>Kind of the grain that numbers the effects sent from its partition to the partition in its key.</summary>
    public const string OutboxKind = "outbox";

    /// <summary>Kind of the grain that counts the effects received in its partition from the partition in its key.</summary>
    public const string InboxKind = "inbox";

    private readonly int hash;

    public GrainId(PartitionId partition, string kind, string key)
    {
        Partition = partition;
        Kind = kind;
        Key = key;
        hash = unchecked((int)StableHash.Of(key, StableHash.Of(kind, StableHash.Of(partition.Value))));
    }

    public PartitionId Partition { get; }

    public string Kind { get; }

    public string Key { get; }

    public static bool operator ==(GrainId left, GrainId right) => left.Equals(right);

    public static bool operator !=(GrainId left, GrainId right) => !left.Equals(right);

    public bool Equals(GrainId other) =>
        hash == other.hash && Key == other.Key && Kind == other.Kind && Partition == other.Partition;

    public override bool Equals(object? obj) => obj is GrainId other && Equals(other);

    public override int GetHashCode() => hash;

    public override string ToString() => $"{Partition.Value}/{Kind}/{Key}";
}
