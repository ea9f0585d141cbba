using Retention.Engine.Ports;
using Retention.Storage;
using Retention.Storage.Postgres;
using Retention.Storage.Sqlite;

namespace Retention.Server.Migrate;

/// <summary>
/// Copies the journal of a data directory into an empty schema, or into one that an earlier run has begun to fill. Each
/// commit takes the position that it had; keys, reminders and effects follow from it. In the end both are read again.
/// </summary>
internal sealed class StoreMigration(string directory, PostgresOptions options, Action<string, long, long> onProgress)
{
    private const int CommitsPerBatch = 1_000;

    public async Task<MigrationReport> RunAsync(CancellationToken stop)
    {
        using var source = StoreScan.Open(directory, isLocked: false);
        var last = source.LastPosition;
        await CopyAsync(source, last, stop);
        PersonKeyMove.Run(directory, options);
        var (from, to) = (Digest("source", source, last, stop), DigestOfTarget(last, stop));
        return new MigrationReport(last, from, to);
    }

    private async Task CopyAsync(StoreScan source, long last, CancellationToken stop)
    {
        await using var target = PostgresGrainStore.Open(options);
        var done = target.Head;
        if (done > last) throw new StoreDamagedException("the database holds more commits than the directory");
        await CompareBegunAsync(source, target, done, stop);
        foreach (var batch in source.Journal().SkipWhile(commit => commit.Position <= done).Chunk(CommitsPerBatch))
        {
            stop.ThrowIfCancellationRequested();
            var results = await target.CommitAsync([.. batch.Select(Copy)], stop);
            for (var index = 0; index < batch.Length; index++)
            {
                if (results[index] != new CommitResult(CommitVerdict.Done, batch[index].Position))
                {
                    throw new StoreDamagedException($"commit {batch[index].Position} was not taken: {results[index].Verdict}");
                }
            }

            onProgress("copy", batch[^1].Position, last);
        }
    }

    // What stands there already must be this directory's: its last commit is compared, and all of it in the end.
    private static async Task CompareBegunAsync(
        StoreScan source, PostgresGrainStore target, long done, CancellationToken stop)
    {
        if (done == 0) return;
        using var ours = new JournalDigest();
        using var theirs = new JournalDigest();
        ours.Add(RecordOf(source.Journal().First(commit => commit.Position == done)));
        theirs.Add((await target.ReadAsync(done - 1, 1, stop))[0]);
        if (ours.Finish() != theirs.Finish()) throw new StoreDamagedException("the database holds other data");
    }

    private static Commit Copy(ScannedCommit scanned)
    {
        var record = RecordOf(scanned);
        return new Commit(record.Partition, record.RecordedAt, record.Writes, [], record.Ledger, record.Reminders);
    }

    private static JournalRecord RecordOf(ScannedCommit scanned) =>
        scanned.Record ?? throw new StoreDamagedException(scanned.Damage);

    private string DigestOfTarget(long last, CancellationToken stop)
    {
        using var target = PostgresScan.Open(options, isLocked: false);
        return Digest("target", target, last, stop);
    }

    private string Digest(string name, IStoreScan scan, long last, CancellationToken stop)
    {
        using var digest = new JournalDigest();
        foreach (var commit in scan.Journal())
        {
            digest.Add(RecordOf(commit));
            if (commit.Position % CommitsPerBatch != 0) continue;
            stop.ThrowIfCancellationRequested();
            onProgress($"read {name}", commit.Position, last);
        }

        return digest.Finish();
    }
}

internal sealed record MigrationReport(long Commits, string Source, string Target)
{
    public bool IsEqual => Source == Target;

    public string Text => IsEqual
        ? $"{Commits} commits moved; both journals have the digest {Source}"
        : $"the journals differ: {Source} in the directory, {Target} in the database";

    public string Json => $$"""{"commits":{{Commits}},"equal":{{(IsEqual ? "true" : "false")}},"source":"{{Source}}","target":"{{Target}}"}""";
}
