using System.Buffers;
using NodaTime;
using Retention.Domain;
using Retention.Domain.Customers;
using Retention.Engine.Core;
using Retention.Engine.Hosting;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Benchmarks;

/// <summary>
/// What a grain in memory takes that nobody asks for: all that host and store keep for it, less what its state takes by
/// itself. Customers with one purchase each, put into memory by reading each once.
/// </summary>
internal static class IdleGrains
{
    private const int MostBytes = 1024;
    private static readonly PartitionId Tenant = PartitionId.Tenant("chain");
    private static readonly Instant Now = Instant.FromUtc(2026, 3, 1, 12, 0);

    public static async Task<int> Run(Arguments arguments)
    {
        using var scratch = new Scratch(arguments.Directory);
        var options = new SqliteOptions { Directory = scratch.Path };
        await Fill(options, arguments.Customers);
        await using var store = SqliteGrainStore.Open(options);
        var state = StateBytes(arguments.Customers);
        var empty = GC.GetTotalMemory(forceFullCollection: true);
        await using var host = new GrainHost(
            store, Registry.Default.Kinds, Registry.Default,
            new EngineLimits { MaxActive = arguments.Customers, MaxActiveBytes = long.MaxValue },
            new GuardedClock(TimeProvider.System), new HostEvents());
        for (var customer = 0; customer < arguments.Customers; customer++)
        {
            var grain = Id(customer);
            var read = new Command(Tenant, [], 0, turn => Decision.With(turn.State<CustomerState>(grain).LastLot));
            Expect.That((await host.AskAsync(read, default)).Reply is 1L, "a customer was not loaded");
        }

        var active = (GC.GetTotalMemory(forceFullCollection: true) - empty) / arguments.Customers;
        Console.WriteLine($"customers {arguments.Customers:N0}: state {state:N0} bytes, in memory {active:N0} bytes");
        Console.WriteLine($"beyond its state {active - state:N0} bytes of at most {MostBytes:N0}");
        Expect.That(active - state <= MostBytes, "an idle grain takes more than it may");
        return 0;
    }

    private static GrainId Id(int customer) => CustomerGrains.Id(PartitionId.Tenant("chain"), $"cus_{customer:D10}");

    private static long StateBytes(int customers)
    {
        var states = new object[customers];
        var empty = GC.GetTotalMemory(forceFullCollection: true);
        for (var customer = 0; customer < customers; customer++)
        {
            states[customer] = FoldedGrain.Of(CustomerGrains.Customer, new GrainRecord(0, default, Facts(customer))).State;
        }

        var bytes = GC.GetTotalMemory(forceFullCollection: true) - empty;
        GC.KeepAlive(states);
        return bytes / customers;
    }

    private static async Task Fill(SqliteOptions options, int customers)
    {
        await using var store = SqliteGrainStore.Open(options);
        foreach (var part in Enumerable.Range(0, customers).Chunk(1000))
        {
            Expect.Done(await store.CommitAsync([.. part.Select(customer => Bought(customer))], default));
        }
    }

    private static Commit Bought(int customer) =>
        new(Tenant, Now, [new GrainWrite(Id(customer), 0, Facts(customer))], [], null, []);

    private static ReadOnlyMemory<byte>[] Facts(int customer)
    {
        var origin = new Origin("cre_1", "brand", "store", "1", "1");
        var enrolled = new CustomerEnrolled(default, null, default) { At = Now, Origin = origin };
        var purchase = new PurchaseRecorded(
            "till", $"{customer}", null, 1990, 0, 19_900, 0, 0, 1, 1, Now + Duration.FromDays(365), default, null, default)
        {
            At = Now, Origin = origin,
        };
        return [Bytes(enrolled), Bytes(purchase)];
    }

    private static ReadOnlyMemory<byte> Bytes(CustomerFact fact)
    {
        var bytes = new ArrayBufferWriter<byte>();
        CustomerGrains.Customer.EncodeFact(fact, bytes);
        return bytes.WrittenMemory.ToArray();
    }
}
