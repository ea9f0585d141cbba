using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Benchmarks;

/// <summary>Purchases as the engine commits them: one fact of a random customer, a request id and a receipt, a reply.</summary>
internal sealed class Purchases(int customers, int firstRequest = 0)
{
    private static readonly PartitionId Tenant = PartitionId.Tenant("chain");
    private static readonly Instant Now = Instant.FromUtc(2026, 3, 1, 12, 0);
    private readonly long[] versions = new long[customers];
    private readonly ReadOnlyMemory<byte> fact = new byte[150];
    private readonly ReadOnlyMemory<byte> reply = new byte[60];
    private readonly Random random = new(1);
    private int requests = firstRequest;

    public static GrainId Customer(int number) => new(Tenant, "customer", $"cus_{number:D10}");

    public void SetVersion(int customer, long version) => versions[customer] = version;

    public List<Commit> Batch(int size)
    {
        var batch = new List<Commit>(size);
        for (var index = 0; index < size; index++)
        {
            batch.Add(Purchase(random.Next(customers)));
        }

        return batch;
    }

    public Commit Purchase(int customer)
    {
        var id = $"{requests++}";
        LedgerKey[] keys = [LedgerKey.Request("chain", id), LedgerKey.Purchase("chain", "b", "till", id)];
        return new Commit(
            Tenant, Now, [new GrainWrite(Customer(customer), versions[customer]++, [fact])], [],
            new LedgerWrite(keys, 7, "retention.v1.RecordPurchaseResponse", reply), []);
    }

    /// <summary>Answers the store's wishes as the engine would.</summary>
    public void Snapshot(IGrainStore store, int limit)
    {
        var wanted = store.SnapshotsWanted(limit);
        if (wanted.Count > 0)
        {
            var state = new byte[350];
            store.SaveSnapshots([.. wanted.Select(x => new Snapshot(x, versions[int.Parse(x.Key.AsSpan(4))], state))]);
        }
    }
}
