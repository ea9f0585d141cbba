using System.Buffers;
using NodaTime;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>The grains of a shard that are in memory, the most recently used first.</summary>
internal sealed class ActiveGrains
{
    /// <summary>A grain is measured anew when it may have doubled, and not before it has grown by so much.</summary>
    private const int MeasureAfterBytes = 16 * 1024;

    private readonly Dictionary<GrainId, Activation> byId = [];
    private readonly ArrayBufferWriter<byte> measure = new(MeasureAfterBytes);
    private Activation? newest;
    private Activation? oldest;

    public int Count => byId.Count;

    public long SizeBytes { get; private set; }

    public Activation? LeastRecent => oldest;

    public Activation? Find(GrainId id) => byId.GetValueOrDefault(id);

    public Activation GetOrAdd(GrainId id, GrainKinds kinds, Instant now)
    {
        if (byId.TryGetValue(id, out var activation))
        {
            Touch(activation, now);
            return activation;
        }

        activation = new Activation(id, kinds[id.Kind]) { UsedAt = now };
        byId.Add(id, activation);
        PutFirst(activation);
        return activation;
    }

    public void Touch(Activation activation, Instant now)
    {
        activation.UsedAt = now;
        if (activation != newest)
        {
            Unlink(activation);
            PutFirst(activation);
        }
    }

    /// <summary>
    /// Counts facts as if the state kept all of them, and measures what it did keep when that would have doubled it:
    /// states are bounded, and a grain that is written often would count for more and more.
    /// </summary>
    public void Grow(Activation activation, int bytes)
    {
        var measured = activation.SizeBytes - activation.GrownBytes;
        if (measured > 0) activation.GrownBytes += bytes;
        if (activation.GrownBytes > Math.Max(MeasureAfterBytes, measured))
        {
            measure.ResetWrittenCount();
            activation.Kind.EncodeState(activation.State, measure);
            bytes = measure.WrittenCount - activation.SizeBytes;
            activation.GrownBytes = 0;
        }

        activation.SizeBytes += bytes;
        SizeBytes += activation.IsOut ? 0 : bytes;
    }

    /// <summary>Takes it out of sight of new turns.</summary>
    public void Drop(Activation activation)
    {
        if (activation.IsOut)
        {
            return;
        }

        activation.IsOut = true;
        byId.Remove(activation.Id);
        SizeBytes -= activation.SizeBytes;
        Unlink(activation);
    }

    /// <summary>
    /// Puts the newest state that the store is known to hold in the place of one that it may not hold. Where that is stale,
    /// what has come since is loaded when a turn asks for it.
    /// </summary>
    public void Renew(Activation activation, bool isStale)
    {
        if (activation.IsOut)
        {
            return;
        }

        Drop(activation);
        if (activation.Durable is not { } durable)
        {
            return;
        }

        var renewed = new Activation(activation.Id, activation.Kind)
        {
            State = durable.State,
            Version = durable.Version,
            SnapshotVersion = activation.SnapshotVersion,
            Durable = durable with { SnapshotVersion = activation.SnapshotVersion, SizeBytes = activation.SizeBytes },
            IsLoaded = !isStale,
            UsedAt = activation.UsedAt,
        };
        byId.Add(renewed.Id, renewed);
        PutFirst(renewed);
        if (renewed.IsLoaded)
        {
            Grow(renewed, activation.SizeBytes);
        }
    }

    private void PutFirst(Activation activation)
    {
        activation.LessRecent = newest;
        activation.MoreRecent = null;
        if (newest is not null)
        {
            newest.MoreRecent = activation;
        }

        newest = activation;
        oldest ??= activation;
    }

    private void Unlink(Activation activation)
    {
        if (activation.MoreRecent is { } more)
        {
            more.LessRecent = activation.LessRecent;
        }
        else
        {
            newest = activation.LessRecent;
        }

        if (activation.LessRecent is { } less)
        {
            less.MoreRecent = activation.MoreRecent;
        }
        else
        {
            oldest = activation.MoreRecent;
        }

        activation.MoreRecent = null;
        activation.LessRecent = null;
    }
}
