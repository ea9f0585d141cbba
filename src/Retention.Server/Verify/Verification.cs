using System.Threading.Channels;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage;
using Retention.Storage.Sqlite;

namespace Retention.Server.Verify;

/// <summary>
/// Checks a store that no server works in: the journal is whole and its versions contiguous, each grain's
/// saved state and what the store finds of it are what its facts give, each effect was received at most once and in
/// order, each ledger key leads to its commit, and each naive law holds. Writes nothing. While the journal is told to
/// the laws in its order, its grains are folded part by part beside it; then the laws judge the states.
/// </summary>
/// <param name="bytesPerPart">So much of the database makes one part: memory does not grow with the journal.</param>
public sealed class Verification(
    IVerifiedStore verified,
    IReadOnlyList<IGrainKind> kinds,
    IReadOnlyList<INaiveLaw> laws,
    Action<string, long, long> onProgress,
    long bytesPerPart = Verification.BytesPerPart)
{
    public const long BytesPerPart = 128 << 20;

    /// <summary>Parts that are folded and wait to be judged.</summary>
    private const int PartsWaitingMax = 1;
    private const int RowsPerProgress = 2_000;
    private readonly DifferenceList differences = new();
    private long facts;

    public async Task<VerifyReport> RunAsync(CancellationToken stop)
    {
        await using var store = OpenStore();
        using var scan = verified.Scan();
        var naive = new NaiveLaws(laws, differences);
        var edges = new EffectEdges(differences);
        var parts = (int)(scan.Bytes / bytesPerPart) + 1;

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var folded = Channel.CreateBounded<FoldedPart>(PartsWaitingMax);
        var folding = Task.Run(() => FoldAllAsync(parts, folded.Writer, ending.Token), CancellationToken.None);
        try
        {
            await SeeAllAsync(scan, store, naive, edges, stop);
            var grains = 0L;
            var judge = new StateJudge(store, new GrainKinds(kinds), naive, differences);
            await foreach (var part in folded.Reader.ReadAllAsync(stop))
            {
                grains += part.Grains.Count + part.Broken;
                await judge.JudgeAsync(part, onProgress, stop);
            }

            await folding;
            naive.Finish();
            edges.Finish();
            return new VerifyReport(grains, facts, edges.Pending, differences.Count, differences.Listed);
        }
        finally
        {
            await ending.CancelAsync();
            await folding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private IAuditedStore? OpenStore()
    {
        try
        {
            return verified.Open();
        }
        catch (StoreDamagedException damage)
        {
            differences.Add(new Difference("store", "open", damage.Message));
            return null;
        }
    }

    private async Task SeeAllAsync(
        IStoreScan scan, IAuditedStore? store, NaiveLaws naive, EffectEdges edges, CancellationToken stop)
    {
        var last = scan.LastPosition;
        var keys = new KeyCheck(store, differences, stop);
        foreach (var commit in scan.Journal())
        {
            if (commit.Position % RowsPerProgress == 0)
            {
                stop.ThrowIfCancellationRequested();
                onProgress("journal", commit.Position, last);
            }

            if (commit.Record is not { } record)
            {
                differences.Add(new Difference($"journal/{commit.Position}", "checksum", commit.Damage));
                continue;
            }

            foreach (var write in record.Writes)
            {
                if (EffectEdges.IsCounter(write.Grain)) edges.See(write);
                else facts += write.Facts.Count;
            }

            naive.See(record);
            await keys.SeeAsync(record.Ledger, commit.Position);
        }

        await keys.FinishAsync();
    }

    private async Task FoldAllAsync(int parts, ChannelWriter<FoldedPart> folded, CancellationToken stop)
    {
        try
        {
            var fold = new GrainFold(new GrainKinds(kinds), differences);
            var gathered = new GrainFacts();
            for (var number = 0; number < parts; number++)
            {
                Gather(gathered, new StorePart(number, parts), stop);
                await folded.WriteAsync(fold.Fold(gathered, stop), stop);
            }
        }
        finally
        {
            folded.Complete();
        }
    }

    private void Gather(GrainFacts gathered, StorePart part, CancellationToken stop)
    {
        using var scan = verified.ScanBeside();
        gathered.Clear();
        foreach (var saved in scan.Snapshots())
        {
            if (EffectEdges.IsCounter(saved.Grain) || !part.Holds(saved.Grain)) continue;
            if (saved.Damage.Length > 0) differences.Add(new Difference(saved.Grain, "checksum", saved.Damage));
            else gathered.Keep(saved.Grain, saved.Version, saved.State.Span);
        }

        foreach (var (position, write) in scan.Writes(part))
        {
            stop.ThrowIfCancellationRequested();
            if (!EffectEdges.IsCounter(write.Grain)) gathered.Take(write, position);
        }
    }
}
