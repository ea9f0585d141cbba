using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>Where a grain stands: its version, the position of its last commit, and the newest known snapshot.</summary>
internal readonly record struct Head(long Version, long Position, long SnapshotVersion)
{
    public long FactsBehindSnapshot => Version - SnapshotVersion;
}

/// <summary>The names of grains as keys of tables and of sorted runs.</summary>
internal static class GrainKey
{
    /// <summary>Partition, kind and key with a zero between, which none of them may hold.</summary>
    public static byte[] Bytes(GrainId grain) =>
        System.Text.Encoding.UTF8.GetBytes($"{grain.Partition.Value}\0{grain.Kind}\0{grain.Key}");

    public static UInt128 Hash(GrainId grain) =>
        LedgerKey.Of(grain.Partition.Value, grain.Kind, grain.Key).Value;

    public static GrainId Parse(ReadOnlySpan<byte> bytes)
    {
        var first = bytes.IndexOf((byte)0);
        var second = bytes.LastIndexOf((byte)0);
        if (first < 0 || second == first)
        {
            throw new StoreDamagedException("The name of a stored grain is not what was written.");
        }

        return new GrainId(
            new PartitionId(Names.Of(bytes[..first])),
            Names.Of(bytes[(first + 1)..second]),
            Names.Of(bytes[(second + 1)..]));
    }

    public static void Check(GrainId grain)
    {
        if (grain.Partition.Value.Contains('\0') || grain.Kind.Contains('\0') || grain.Key.Contains('\0'))
        {
            throw new ArgumentException("A grain's name holds a zero character.");
        }
    }
}
