using System.Reflection;
using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Faults.Disk;

/// <summary>The child under the recording library: keeps a diary and marks each position after the store said it is done.</summary>
internal static class DiaryWriter
{
    public static async Task<int> RunAsync(string directory, int seed, int commits, bool isUnsafe)
    {
        var random = new Random(seed);
        var head = 0L;
        for (var starts = 0; head < commits; starts++)
        {
            if (starts == commits) return 1;
            await using var store = SqliteGrainStore.Open(Diary.Options(directory));
            if (isUnsafe) SyncOnlyAtCheckpoints(store);

            // A life of some batches, then an orderly end and another start: those write too.
            for (var batch = 0; batch < 40 && head < commits; batch++)
            {
                var size = 1 + random.Next(random.Next(4) == 0 ? 30 : 4);
                var results = await store.CommitAsync(Diary.After(store.Head, size), CancellationToken.None);
                if (results.Any(x => x.Verdict == CommitVerdict.Conflict)) return 1;
                if (results.LastOrDefault(x => x.Verdict == CommitVerdict.Done).Position is var done and > 0) Shim.Mark(head = done);

                // The small log may be full while its copier waits for a processor: a refusal, and another start.
                if (results.Any(x => x.Verdict == CommitVerdict.Full)) break;
                await SaveWantedAsync(store);
                if (random.Next(8) == 0) await Task.Delay(10);
            }
        }

        return 0;
    }

    /// <summary>Keeps the snapshots the store wishes.</summary>
    public static async Task SaveWantedAsync(SqliteGrainStore store)
    {
        var wanted = store.SnapshotsWanted(9);
        if (wanted.Count > 0)
        {
            var found = await store.LoadAsync(wanted, CancellationToken.None);
            store.SaveSnapshots([.. wanted.Zip(found).Select(x =>
                new Snapshot(x.First, x.Second.Version, Diary.State(x.First, x.Second.Version)))]);
        }
    }

    // What SQLite's documentation suggests for this journal mode, and what loses acknowledged commits.
    private static void SyncOnlyAtCheckpoints(SqliteGrainStore store)
    {
        var parts = (StoreParts)typeof(SqliteGrainStore)
            .GetField("parts", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(store)!;
        parts.Writer!.TryRun(() => parts.Writer.Session.Database.Run("PRAGMA synchronous=NORMAL"));
    }
}
