using NodaTime;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Tests.Core;

/// <summary>
/// One core on a bench. Loads, look-ups and batches wait until the test answers them, from a store that applies what
/// the test says is done. What an unknown outcome left behind is the test's choice too.
/// </summary>
internal sealed class Bench : IShardOutputs
{
    private readonly Dictionary<GrainId, List<ReadOnlyMemory<byte>>> stored = [];
    private readonly Dictionary<LedgerKey, JournalRecord> keys = [];
    private readonly Dictionary<GrainId, FoldedGrain?> known = [];
    private readonly GrainKinds kinds = new([new CounterKind()]);

    public Bench(EngineLimits? limits = null) =>
        Core = new ShardCore(kinds, new CounterEffects(), limits ?? new EngineLimits(), this);

    public ShardCore Core { get; }

    public Instant Now { get; set; } = Instant.FromUtc(2026, 1, 1, 0, 0);

    public long Head { get; set; }

    /// <summary>What the store says of conflicts from now on; null: it does not tell which grains are stale.</summary>
    public IReadOnlySet<GrainId>? Stale { get; set; }

    /// <summary>The version from which the last load asked was to go on; 0: all was asked for.</summary>
    public long KnownVersion { get; private set; }

    public Queue<GrainId> Loads { get; } = [];

    public Queue<LedgerKey> Looks { get; } = [];

    public IReadOnlyList<Commit>? Batch { get; private set; }

    public Dictionary<string, Answer> Answers { get; } = [];

    public List<string> Failed { get; } = [];

    public List<long> Delivered { get; } = [];

    public List<Snapshot> Snapshots { get; } = [];

    public string this[string ticket] => Answers.TryGetValue(ticket, out var answer)
        ? answer.Refusal?.Reason.ToString() ?? answer.Reply!.ToString()!
        : "";

    public void Tell(ShardInput input) => Core.On(input, Now);

    public void Ask(string ticket, Command command) => Tell(new Asked(ticket, command));

    /// <summary>Answers everything in the order asked and judges every batch Done, until the core has no wish left.</summary>
    public void Settle()
    {
        while (Loads.Count > 0 || Looks.Count > 0 || Batch is not null || Core.CommitsWaiting > 0)
        {
            Fetch();
            Core.Flush();
            if (Batch is not null)
            {
                Judge();
            }
        }
    }

    /// <summary>Answers loads and look-ups, and those that they lead to.</summary>
    public void Fetch()
    {
        while (Loads.Count > 0 || Looks.Count > 0)
        {
            if (Loads.TryDequeue(out var grain))
            {
                Tell(new Loaded(grain, Stored(grain, known[grain]), Head));
            }
            else
            {
                var key = Looks.Dequeue();
                Tell(new Looked(key, keys.GetValueOrDefault(key)));
            }
        }
    }

    /// <summary>The grain as a load gives it that was asked for what has come since a version.</summary>
    public FoldedGrain Stored(GrainId grain, FoldedGrain? known) => known is not { } earlier
        ? Stored(grain)
        : kinds.Fold(grain, new GrainRecord(earlier.Version, default, [.. (stored.GetValueOrDefault(grain) ?? []).Skip((int)earlier.Version)]), known);

    public FoldedGrain Stored(GrainId grain) =>
        kinds.Fold(grain, new GrainRecord(0, default, [.. stored.GetValueOrDefault(grain) ?? []]));

    public JournalRecord? Recorded(LedgerKey key) => keys.GetValueOrDefault(key);

    /// <summary>Gives out what was decided; the batch is under way until it is judged.</summary>
    public void Flush() => Core.Flush();

    /// <summary>Judges the batch under way; Done where nothing is said.</summary>
    public void Judge(params CommitVerdict[] verdicts)
    {
        var batch = Batch!;
        Batch = null;
        var results = new CommitResult[batch.Count];
        for (var index = 0; index < results.Length; index++)
        {
            var verdict = index < verdicts.Length ? verdicts[index] : CommitVerdict.Done;
            if (verdict == CommitVerdict.Done && !Apply(batch[index]))
            {
                verdict = CommitVerdict.Conflict;
            }

            results[index] = verdict == CommitVerdict.Conflict
                ? new CommitResult(verdict, 0, KeysAreNew: Stale is not null, Stale)
                : new CommitResult(verdict, Head);
        }

        Tell(new Judged(results));
    }

    public void JudgeUnknown(bool isApplied)
    {
        var batch = Batch!;
        Batch = null;
        foreach (var commit in isApplied ? batch : [])
        {
            Apply(commit);
        }

        Tell(new JudgedUnknown());
    }

    /// <summary>As another node, or a batch given up earlier, would: false when it is stale.</summary>
    public bool Apply(Commit commit)
    {
        if (commit.Writes.Any(write => Stored(write.Grain).Version != write.ExpectedVersion)
            || commit.Checks.Any(check => Stored(check.Grain).Version != check.Version)
            || (commit.Ledger?.Keys.Any(keys.ContainsKey) ?? false))
        {
            return false;
        }

        Head += commit.Writes.Count > 0 || commit.Ledger is not null ? 1 : 0;
        foreach (var write in commit.Writes)
        {
            if (!stored.TryGetValue(write.Grain, out var facts))
            {
                stored[write.Grain] = facts = [];
            }

            facts.AddRange(write.Facts);
        }

        foreach (var key in commit.Ledger?.Keys ?? [])
        {
            keys[key] = new JournalRecord(
                Head, commit.Partition, commit.RecordedAt, commit.Writes, commit.Ledger, commit.Reminders);
        }

        return true;
    }

    public void Load(GrainId grain, FoldedGrain? earlier)
    {
        KnownVersion = earlier?.Version ?? 0;
        known[grain] = earlier;
        Loads.Enqueue(grain);
    }

    public void Look(LedgerKey key) => Looks.Enqueue(key);

    public bool MayHold(LedgerKey key) => keys.ContainsKey(key);

    public void Commit(IReadOnlyList<Commit> batch)
    {
        Assert.Null(Batch);
        Batch = batch;
    }

    public void Reply(object ticket, in Answer answer) => Answers.Add((string)ticket, answer);

    public void Fail(object? ticket, Exception cause) => Failed.Add($"{ticket}: {cause.Message}");

    public void Deliver(SentEffect effect) => Delivered.Add(effect.Sequence);

    public void Keep(KeptState state) => Snapshots.Add(kinds.Encode(state));
}
