using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>What a batch would change, until it is durable. Later commits of the batch are judged over it.</summary>
internal sealed class Batch
{
    public Dictionary<GrainId, Head> Heads { get; } = [];

    public Dictionary<UInt128, long> Keys { get; } = [];

    public List<Commit> Stored { get; } = [];

    public long Position { get; private set; }

    public long Bytes { get; private set; }

    public void Start(long head)
    {
        Heads.Clear();
        Keys.Clear();
        Stored.Clear();
        Position = head;
        Bytes = 0;
    }

    public void Add(Commit commit, ReadOnlySpan<Head> before, int bytes)
    {
        Position++;
        Bytes += bytes;
        Stored.Add(commit);
        for (var index = 0; index < commit.Writes.Count; index++)
        {
            var write = commit.Writes[index];
            Heads[write.Grain] = new Head(write.NewVersion, Position, before[index].SnapshotVersion);
        }

        for (var index = 0; index < commit.Ledger?.Keys.Count; index++)
        {
            Keys[commit.Ledger.Keys[index].Value] = Position;
        }
    }
}
