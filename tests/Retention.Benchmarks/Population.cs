using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Benchmarks;

/// <summary>A data directory with many customers: two facts each, a snapshot of the first.</summary>
internal static class Population
{
    public static async Task Fill(SqliteOptions options, int customers)
    {
        await using var store = SqliteGrainStore.Open(options);
        await Fill(store, customers, () => store.Figures().SnapshotsWaiting > options.SnapshotsWaiting / 2);
    }

    /// <param name="isBusy">Whether the store is still writing snapshots, and more would be forgotten.</param>
    public static async Task Fill(IGrainStore store, int customers, Func<bool> isBusy)
    {
        var purchases = new Purchases(customers);
        var state = new byte[350];
        for (var round = 0; round < 2; round++)
        {
            foreach (var part in Enumerable.Range(0, customers).Chunk(1000))
            {
                Expect.Done(await store.CommitAsync([.. part.Select(purchases.Purchase)], default));
                if (round == 0)
                {
                    store.SaveSnapshots([.. part.Select(x => new Snapshot(Purchases.Customer(x), 1, state))]);
                    while (isBusy())
                    {
                        Thread.Yield();
                    }
                }
            }
        }
    }
}
