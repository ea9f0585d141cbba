using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Server.Verify;

/// <summary>
/// Checks a data directory that no server works in: the journal is whole and its versions contiguous, each grain's
/// saved state and what the store finds of it are what its facts give, each effect was received at most once and in
/// order, each ledger key leads to its commit, and each naive law holds. Writes nothing.
/// </summary>
public sealed class Verification(
    string directory,
    IReadOnlyList<IGrainKind> kinds,
    IReadOnlyList<INaiveLaw> laws,
    Action<string, long, long> onProgress)
{
    /// <summary>
    /// So many facts have at most as many grains. A longer journal is folded in parts, each of which reads it once,
    /// so that memory does not grow with it.
    /// </summary>
    private const long FactsPerPart = 400_000;
    private const int RowsPerProgress = 2_000;

    /// <summary>Grains without a saved state of which the store is asked all the same, to try its index.</summary>
    private const int AskedWithoutSavedStateMax = 5_000;
    private readonly DifferenceList differences = new();
    private readonly Dictionary<(PartitionId From, PartitionId To), long> sent = [];
    private readonly Dictionary<(PartitionId From, PartitionId To), long> received = [];
    private readonly GrainKinds grainKinds = new(kinds);
    private long grains;
    private long facts;
    private long last;

    public async Task<VerifyReport> RunAsync(CancellationToken stop)
    {
        await using var store = OpenStore();
        using (var scan = StoreScan.Open(directory, isLocked: store is not null))
        {
            var naive = new NaiveLaws(laws, differences);
            last = scan.LastPosition;
            await SeeAllAsync(scan, store, naive, stop);
            var parts = (int)(facts / FactsPerPart) + 1;
            for (var part = 0; part < parts; part++)
            {
                await FoldAsync(scan, store, naive, part, parts, stop);
            }

            naive.Finish();
        }

        CheckEffects();
        return new VerifyReport(
            grains, facts, sent.Sum(edge => edge.Value) - received.Sum(edge => edge.Value),
            differences.Count, differences.Listed);
    }

    private SqliteGrainStore? OpenStore()
    {
        try
        {
            return SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory });
        }
        catch (StoreDamagedException damage)
        {
            differences.Add(new Difference("store", "open", damage.Message));
            return null;
        }
    }

    private async Task FoldAsync(
        StoreScan scan, SqliteGrainStore? store, NaiveLaws naive, int part, int parts, CancellationToken stop)
    {
        var fold = new GrainFold(grainKinds, differences);
        foreach (var saved in scan.Snapshots())
        {
            if (IsCounter(saved.Grain) || !IsIn(saved.Grain, part, parts)) continue;
            if (saved.Damage.Length > 0) differences.Add(new Difference(saved.Grain, "checksum", saved.Damage));
            else fold.Expect(saved.Grain, saved.Version, saved.State);
        }

        foreach (var commit in scan.Journal())
        {
            Progress($"fold {part + 1}/{parts}", commit.Position, stop);
            foreach (var write in commit.Record?.Writes ?? [])
            {
                if (!IsCounter(write.Grain) && IsIn(write.Grain, part, parts)) fold.Take(write, commit.Position);
            }
        }

        fold.End();
        await JudgeAsync(fold, store, naive, stop);
    }

    private async Task SeeAllAsync(StoreScan scan, SqliteGrainStore? store, NaiveLaws naive, CancellationToken stop)
    {
        foreach (var commit in scan.Journal())
        {
            Progress("journal", commit.Position, stop);
            await SeeAsync(commit, store, naive, stop);
            facts += commit.Record?.Writes.Where(write => !IsCounter(write.Grain)).Sum(write => write.Facts.Count) ?? 0;
        }
    }

    private void Progress(string step, long position, CancellationToken stop)
    {
        if (position % RowsPerProgress != 0) return;
        stop.ThrowIfCancellationRequested();
        onProgress(step, position, last);
    }

    // Counters of effects are few and have no state: they are checked on the way, once.
    private static bool IsCounter(GrainId grain) => grain.Kind is GrainId.OutboxKind or GrainId.InboxKind;

    private async Task SeeAsync(ScannedCommit commit, SqliteGrainStore? store, NaiveLaws naive, CancellationToken stop)
    {
        if (commit.Record is not { } record)
        {
            differences.Add(new Difference($"journal/{commit.Position}", "checksum", commit.Damage));
            return;
        }

        foreach (var write in record.Writes)
        {
            var (here, there) = (write.Grain.Partition, new PartitionId(write.Grain.Key));
            if (write.Grain.Kind == GrainId.OutboxKind) Count(sent, here, there, write);
            if (write.Grain.Kind == GrainId.InboxKind) Count(received, there, here, write);
        }

        naive.See(record);
        foreach (var key in record.Ledger?.Keys ?? [])
        {
            if (store is not null) await CheckKeyAsync(store, key, commit.Position, stop);
        }
    }

    private void Count(
        Dictionary<(PartitionId, PartitionId), long> edges, PartitionId from, PartitionId to, GrainWrite write)
    {
        var before = edges.GetValueOrDefault((from, to));
        if (write.ExpectedVersion != before)
        {
            differences.Add(new Difference(write.Grain, "versions", string.Create(
                null, $"goes on from {write.ExpectedVersion}, the edge is at {before}")));
        }

        edges[(from, to)] = before + write.Facts.Count;
    }

    private async Task CheckKeyAsync(SqliteGrainStore store, LedgerKey key, long position, CancellationToken stop)
    {
        try
        {
            var found = await store.FindAsync(key, stop);
            if (found?.Position == position) return;
            differences.Add(new Difference($"journal/{position}", "ledger", string.Create(
                null, $"key {key.Value:x32} leads to record {found?.Position ?? 0}")));
        }
        catch (StoreDamagedException damage)
        {
            differences.Add(new Difference($"journal/{position}", "ledger", damage.Message));
        }
    }

    private async Task JudgeAsync(GrainFold fold, SqliteGrainStore? store, NaiveLaws naive, CancellationToken stop)
    {
        var done = 0L;
        var all = fold.Grains.ToArray();
        var askedEvery = all.Length / AskedWithoutSavedStateMax + 1;
        foreach (var grain in all)
        {
            if (++done % RowsPerProgress == 0) onProgress("grains", done, all.Length);
            grains++;
            if (fold.IsBroken(grain)) continue;
            var asks = store is not null && (fold.WasSaved(grain) || done % askedEvery == 0);
            try
            {
                if (asks) fold.Compare(grain, (await store!.LoadAsync([grain], stop))[0]);
                naive.Judge(grain, fold.StateOf(grain));
            }
            catch (Exception e) when (NaiveLaws.IsBrokenContent(e))
            {
                var detail = e is StoreDamagedException ? e.Message : $"cannot be read ({e.GetType().Name})";
                differences.Add(new Difference(grain, "store", detail));
            }
        }
    }

    private void CheckEffects()
    {
        foreach (var (edge, count) in received)
        {
            var wasSent = sent.GetValueOrDefault(edge);
            if (count > wasSent)
            {
                differences.Add(new Difference(
                    new GrainId(edge.To, GrainId.InboxKind, edge.From.Value),
                    "effects",
                    $"{count} effects received of {wasSent} sent"));
            }
        }
    }

    // The hash is the same in every process; any split will do that does not change within one run.
    private static bool IsIn(GrainId grain, int part, int parts) =>
        unchecked((uint)grain.GetHashCode()) % parts == part;
}
