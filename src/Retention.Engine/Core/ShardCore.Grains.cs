using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <content>Grains coming into memory, leaving it, and kept as snapshots.</content>
public sealed partial class ShardCore
{
    private void OnLoaded(Loaded loaded)
    {
        if (active.Find(loaded.Grain) is not { IsLoaded: false } activation)
        {
            return;
        }

        activation.State = loaded.Folded.State;
        activation.Version = loaded.Folded.Version;
        activation.SnapshotVersion = loaded.Folded.SnapshotVersion;
        activation.IsLoaded = true;
        if (limits.SharedStore)
        {
            // Called stale, and nothing has come since: the store does not hold what it was known to. Next time all is read.
            activation.Durable = activation.Durable?.Version == loaded.Folded.Version ? null : loaded.Folded;
        }

        durablePosition = Math.Max(durablePosition, loaded.Position);
        active.Grow(activation, loaded.Folded.SizeBytes);
        if (activation.SnapshotWhenLoaded)
        {
            KeepSnapshot(activation);
        }

        var waiters = activation.Waiters;
        activation.Waiters = null;
        if (waiters is not null)
        {
            foreach (var turn in waiters)
            {
                Resume(turn);
            }
        }
    }

    /// <summary>
    /// Another node's commits: what is in memory and not being written goes on from them. Where one before them was missed, and
    /// where a write of this shard's is under way, the next conflict tells.
    /// </summary>
    private void OnSeen(IReadOnlyList<JournalRecord> records)
    {
        foreach (var record in records)
        {
            foreach (var write in record.Writes)
            {
                if (active.Find(write.Grain) is { IsLoaded: true, LastWriter: null, Durable: { } durable } activation
                    && write.ExpectedVersion == durable.Version)
                {
                    GoOn(activation, durable, write);
                    durablePosition = Math.Max(durablePosition, record.Position);
                }
            }
        }
    }

    private void GoOn(Activation activation, FoldedGrain durable, GrainWrite write)
    {
        foreach (var fact in write.Facts)
        {
            activation.State = activation.Kind.Evolve(activation.State, activation.Kind.DecodeFact(fact.Span));
            active.Grow(activation, fact.Length);
        }

        activation.Version = write.NewVersion;
        activation.Durable = durable with { State = activation.State, Version = write.NewVersion };
    }

    private void KeepWithinMemory()
    {
        while ((active.Count > limits.MaxActive || active.SizeBytes > limits.MaxActiveBytes) && Deactivate())
        {
        }
    }

    private static void Pin(PendingTurn turn)
    {
        turn.IsPinning = true;
        foreach (var activation in turn.Touched)
        {
            activation.Pins++;
        }
    }

    private static void Unpin(PendingTurn turn)
    {
        if (!turn.IsPinning)
        {
            return;
        }

        turn.IsPinning = false;
        foreach (var activation in turn.Touched)
        {
            activation.Pins--;
        }
    }

    private void OnLoadFailed(GrainId grain)
    {
        if (active.Find(grain) is not { IsLoaded: false } activation)
        {
            return;
        }

        active.Drop(activation);
        var waiters = activation.Waiters ?? [];
        activation.Waiters = null;
        foreach (var turn in waiters)
        {
            GiveUpWaiting(turn);
        }
    }

    /// <summary>What a turn waits for cannot be had now.</summary>
    private void GiveUpWaiting(PendingTurn turn)
    {
        if (turn.Ticket is not null)
        {
            GiveUp(turn, RefusalReason.StorageUnavailable);
            return;
        }

        turn.IsToPark = true;
        Resume(turn);
    }

    private void OnTick()
    {
        var waiting = parked.ToArray();
        parked.Clear();
        foreach (var turn in waiting)
        {
            ready.Enqueue(turn);
        }

        AskForMissingEffects();
        for (var count = 0; count < limits.MaxDeactivationsPerTick; count++)
        {
            if (active.LeastRecent is not { } oldest || now - oldest.UsedAt < limits.IdleAfter || !Deactivate())
            {
                return;
            }
        }
    }

    /// <summary>Puts the least recently used grain out of memory; one that is being used gets another round.</summary>
    private bool Deactivate()
    {
        for (var tries = 0; tries < 16; tries++)
        {
            if (active.LeastRecent is not { } oldest)
            {
                return false;
            }

            if (oldest is { IsLoaded: false, Waiters: not null } || oldest.LastWriter is not null || oldest.Pins > 0)
            {
                active.Touch(oldest, now);
                continue;
            }

            if (oldest.IsLoaded && oldest.Version - oldest.SnapshotVersion >= limits.FactsPerIdleSnapshot)
            {
                KeepSnapshot(oldest);
            }

            active.Drop(oldest);
            return true;
        }

        return false;
    }

    private void OnSnapshotsAsked(IReadOnlyList<GrainId> grains)
    {
        foreach (var grain in grains)
        {
            var activation = active.Find(grain);
            if (activation is null)
            {
                activation = active.GetOrAdd(grain, kinds, now);
                activation.Waiters = [];
                outputs.Load(grain, null);
            }

            if (!activation.IsLoaded)
            {
                activation.SnapshotWhenLoaded = true;
            }
            else if (activation.LastWriter is { } writer)
            {
                (writer.Snapshots ??= []).Add(Take(activation));
            }
            else
            {
                KeepSnapshot(activation);
            }
        }
    }

    private void KeepSnapshots(PendingTurn turn)
    {
        if (turn.Snapshots is not { } snapshots)
        {
            return;
        }

        turn.Snapshots = null;
        foreach (var snapshot in snapshots)
        {
            outputs.Keep(snapshot);
            if (active.Find(snapshot.Grain) is { IsLoaded: true } activation)
            {
                activation.SnapshotVersion = Math.Max(activation.SnapshotVersion, snapshot.Version);
            }
        }
    }

    private void KeepSnapshot(Activation activation)
    {
        activation.SnapshotWhenLoaded = false;
        if (activation.Version > 0)
        {
            outputs.Keep(Take(activation));
            activation.SnapshotVersion = activation.Version;
        }
    }

    private static KeptState Take(Activation activation) => new(activation.Id, activation.Version, activation.State);
}
