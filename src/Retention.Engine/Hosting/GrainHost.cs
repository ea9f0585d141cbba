using System.Diagnostics;
using NodaTime;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Hosting;

/// <summary>What the host tells its surroundings of; called from its threads, must return at once.</summary>
public sealed record HostEvents
{
    /// <summary>A turn broke an invariant.</summary>
    public Action<Exception> TurnFailed { get; init; } = static _ => { };

    /// <summary>The store must not be written again: the process should end.</summary>
    public Action<Exception> StoreBroken { get; init; } = static _ => { };

    /// <summary>The store failed, and may work again.</summary>
    public Action<Exception> StoreFailed { get; init; } = static _ => { };
}

/// <summary>
/// Hosts the grains of one process: shards by partition, one commit lane, two loading threads, and the upkeep
/// (reminders, snapshots, effects left over from a crash).
/// </summary>
public sealed class GrainHost : IGrainHost, IAsyncDisposable
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(20);

    private readonly IGrainStore store;
    private readonly GrainKinds kinds;
    private readonly GuardedClock clock;
    private readonly HostEvents events;
    private readonly ShardHost[] shards;
    private readonly WorkThread<(ShardHost Shard, IReadOnlyList<Commit> Batch)> lane;
    private readonly WorkThread<(ShardHost Shard, GrainId? Grain, FoldedGrain? Known, LedgerKey Key)>[] loaders;
    private readonly WorkThread<KeptState> snapshots;
    private readonly Upkeep upkeep;
    private readonly Follower? follower;
    private volatile bool broken;
    private uint nextLoader;

    public GrainHost(
        IGrainStore store, IEnumerable<IGrainKind> kinds, IEffectTurns effects, EngineLimits limits, GuardedClock clock,
        HostEvents events, int shardCount = 1)
    {
        this.store = store;
        this.kinds = new GrainKinds(kinds);
        this.clock = clock;
        this.events = events;
        shards = new ShardHost[shardCount];
        for (var index = 0; index < shardCount; index++)
        {
            shards[index] = new ShardHost(this, this.kinds, effects, limits, clock);
        }

        snapshots = new("snapshots", 256, SaveAll);
        upkeep = new Upkeep(
            store, clock, Post, Deliver, Tick, limits.SharedStore ? AskForMissing : null, () => snapshots.Count, events.StoreFailed);
        follower = limits.SharedStore ? new Follower(store, Post, events.StoreFailed) : null;
        Meter = new EngineMeter(
            () => Sum(shard => shard.Activations),
            () => Sum(shard => shard.ActiveBytes),
            () => Sum(shard => shard.Turns),
            () => Sum(shard => shard.ConflictsSeen),
            () => upkeep.OutboxAgeSeconds,
            () => clock.Ahead.TotalSeconds);
        lane = new("commit lane", shardCount, CommitAll);
        loaders = [new("loader 1", 64, LoadAll), new("loader 2", 64, LoadAll)];
        upkeep.Start();
        follower?.Start();
    }

    public EngineMeter Meter { get; }

    public IJournal Journal => store;

    public Instant Now => clock.GetCurrentInstant();

    public ValueTask<Answer> AskAsync(Command command, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var ticket = AskTicket.Rent();
        var task = ticket.Task;
        ShardOf(command.Partition).Post(new Asked(ticket, command));
        return task;
    }

    public ValueTask<JournalRecord?> FindAsync(LedgerKey key, CancellationToken stop) => store.FindAsync(key, stop);

    public long PendingEffectCount(PartitionId from) => store.PendingEffectCount(from);

    /// <summary>Answers what is under way, then stops the threads. The store is the caller's to close.</summary>
    public async ValueTask DisposeAsync()
    {
        await upkeep.DisposeAsync().ConfigureAwait(false);
        if (follower is not null)
        {
            await follower.DisposeAsync().ConfigureAwait(false);
        }

        var deadline = Stopwatch.GetTimestamp() + (10 * Stopwatch.Frequency);
        while (Sum(shard => shard.Turns) > 0 && !broken && Stopwatch.GetTimestamp() < deadline)
        {
            await Task.Delay(5).ConfigureAwait(false);
        }

        lane.Dispose();
        foreach (var loader in loaders)
        {
            loader.Dispose();
        }

        snapshots.Dispose();
        Meter.Dispose();
    }

    internal void Load(ShardHost shard, GrainId grain, FoldedGrain? known) => NextLoader().Add((shard, grain, known, default));

    internal bool MayHold(LedgerKey key) => store.MayHold(key);

    internal void Look(ShardHost shard, LedgerKey key) => NextLoader().Add((shard, null, null, key));

    internal void Commit(ShardHost shard, IReadOnlyList<Commit> batch) => lane.Add((shard, batch));

    internal void Deliver(SentEffect effect) => ShardOf(effect.To).Post(new EffectArrived(effect));

    internal void Keep(KeptState state) => snapshots.Add(state);

    internal void OnTurnFailed(Exception cause) => events.TurnFailed(cause);

    private WorkThread<(ShardHost Shard, GrainId? Grain, FoldedGrain? Known, LedgerKey Key)> NextLoader() =>
        loaders[unchecked(Interlocked.Increment(ref nextLoader)) % (uint)loaders.Length];

    private ShardHost ShardOf(PartitionId partition) =>
        shards.Length == 1 ? shards[0] : shards[StableHash.Of(partition.Value) % (uint)shards.Length];

    private void Post(PartitionId partition, ShardInput input) => ShardOf(partition).Post(input);

    private void Tick()
    {
        foreach (var shard in shards)
        {
            shard.Post(new Ticked());
        }
    }

    private void AskForMissing()
    {
        foreach (var shard in shards)
        {
            if (shard.Core.EdgesWaiting > 0)
            {
                shard.Post(new MissingEffectsDue());
            }
        }
    }

    private long Sum(Func<ShardCore, long> figure)
    {
        var sum = 0L;
        foreach (var shard in shards)
        {
            sum += figure(shard.Core);
        }

        return sum;
    }

    private void CommitAll(List<(ShardHost Shard, IReadOnlyList<Commit> Batch)> taken)
    {
        foreach (var (shard, batch) in taken)
        {
            shard.Post(CommitOne(batch));
        }
    }

    private ShardInput CommitOne(IReadOnlyList<Commit> batch)
    {
        if (broken)
        {
            return new JudgedUnknown();
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            var results = store.CommitAsync(batch, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            follower?.Pass(batch, results);
            Meter.BatchSize.Record(batch.Count);
            Meter.CommitSeconds.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
            return new Judged(results);
        }
        catch (StoreBrokenException cause)
        {
            broken = true;
            events.StoreBroken(cause);
            return new JudgedUnknown();
        }
        catch (Exception cause)
        {
            // The outcome is unknown, not "no". A pause, so that a store that is away is not asked thousands of times.
            events.StoreFailed(cause);
            Thread.Sleep(PauseAfterFailure);
            return new JudgedUnknown();
        }
    }

    private void LoadAll(List<(ShardHost Shard, GrainId? Grain, FoldedGrain? Known, LedgerKey Key)> taken)
    {
        var grains = new List<KnownGrain>(taken.Count);
        var keys = new List<LedgerKey>();
        foreach (var (_, grain, known, key) in taken)
        {
            if (grain is { } id)
            {
                grains.Add(new KnownGrain(id, known?.Version ?? 0));
            }
            else
            {
                keys.Add(key);
            }
        }

        if (keys.Count > 0)
        {
            LookUp(taken, keys);
        }

        if (grains.Count > 0)
        {
            LoadGrains(taken, grains);
        }
    }

    private void SaveAll(List<KeptState> taken)
    {
        try
        {
            store.SaveSnapshots(taken.ConvertAll(kinds.Encode));
        }
        catch (Exception cause)
        {
            // A snapshot that is lost costs time, never truth.
            events.StoreFailed(cause);
        }
    }

    private void LookUp(List<(ShardHost Shard, GrainId? Grain, FoldedGrain? Known, LedgerKey Key)> taken, List<LedgerKey> keys)
    {
        IReadOnlyList<JournalRecord?>? records = null;
        try
        {
            records = store.FindAsync(keys, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception cause)
        {
            events.StoreFailed(cause);
        }

        var index = 0;
        foreach (var (shard, grain, _, key) in taken)
        {
            if (grain is null)
            {
                shard.Post(records is null ? new LookFailed(key) : new Looked(key, records[index]));
                index++;
            }
        }
    }

    private void LoadGrains(List<(ShardHost Shard, GrainId? Grain, FoldedGrain? Known, LedgerKey Key)> taken, List<KnownGrain> grains)
    {
        IReadOnlyList<GrainRecord>? records = null;
        var position = 0L;
        try
        {
            records = store.LoadAfterAsync(grains, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            position = store.Head;
        }
        catch (Exception cause)
        {
            events.StoreFailed(cause);
        }

        var index = 0;
        foreach (var (shard, grain, known, _) in taken)
        {
            if (grain is { } id)
            {
                shard.Post(records is null ? new LoadFailed(id) : Fold(id, records[index], known, position));
                index++;
            }
        }
    }

    private ShardInput Fold(GrainId grain, GrainRecord record, FoldedGrain? known, long position)
    {
        try
        {
            // Saved by another version of the program: read once from the beginning, and saved anew in time.
            var readable = kinds.IsCurrent(grain, record)
                ? record
                : SavedStateFormat.RefoldAsync(store, grain, record, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return new Loaded(grain, kinds.Fold(grain, readable, known), position);
        }
        catch (Exception cause)
        {
            events.TurnFailed(cause);
            return new LoadFailed(grain);
        }
    }
}
