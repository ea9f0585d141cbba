using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Postgres;

/// <summary>Changes of reminders in a batch, as columns.</summary>
internal sealed class ReminderRows
{
    public List<int> Commit { get; } = [];

    public List<Guid> Grain { get; } = [];

    public List<string> Partition { get; } = [];

    public List<string> Kind { get; } = [];

    public List<string> Key { get; } = [];

    public List<string> Name { get; } = [];

    /// <summary>Null clears the reminder.</summary>
    public List<long?> Seconds { get; } = [];

    public List<long> Nanoseconds { get; } = [];

    public void Add(int commit, ReminderChange change)
    {
        Commit.Add(commit);
        Grain.Add(AppendBatch.Uuid(change.Grain));
        Partition.Add(change.Grain.Partition.Value);
        Kind.Add(change.Grain.Kind);
        Key.Add(change.Grain.Key);
        Name.Add(change.Name);
        var (seconds, nanoseconds) = change.DueAt is { } dueAt ? Moments.Split(dueAt) : default;
        Seconds.Add(change.DueAt is null ? null : seconds);
        Nanoseconds.Add(nanoseconds);
    }

    public void Clear()
    {
        Commit.Clear();
        Grain.Clear();
        Partition.Clear();
        Kind.Clear();
        Key.Clear();
        Name.Clear();
        Seconds.Clear();
        Nanoseconds.Clear();
    }
}

/// <summary>What a batch sends to other partitions and receives from them, as columns.</summary>
internal sealed class EdgeRows
{
    public List<int> Commit { get; } = [];

    public List<string> From { get; } = [];

    public List<string> To { get; } = [];

    public List<Guid> Outbox { get; } = [];

    public List<long> Sent { get; } = [];

    public List<long> Received { get; } = [];

    public void Note(int commit, GrainWrite write)
    {
        var grain = write.Grain;
        if (grain.Kind == GrainId.OutboxKind) Add(commit, grain.Partition.Value, grain.Key, write.NewVersion, 0);
        if (grain.Kind == GrainId.InboxKind) Add(commit, grain.Key, grain.Partition.Value, 0, write.NewVersion);
    }

    public void Clear()
    {
        Commit.Clear();
        From.Clear();
        To.Clear();
        Outbox.Clear();
        Sent.Clear();
        Received.Clear();
    }

    private void Add(int commit, string from, string to, long sent, long received)
    {
        Commit.Add(commit);
        From.Add(from);
        To.Add(to);
        Outbox.Add(AppendBatch.Uuid(new GrainId(new PartitionId(from), GrainId.OutboxKind, to)));
        Sent.Add(sent);
        Received.Add(received);
    }
}
