using Google.Protobuf;
using Retention.Engine.Ports;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.Server.Migrate;
using Retention.Storage.Sqlite;

namespace Retention.Faults.Calls;

/// <summary>
/// R1: each request one to five times, in any order, on other connections: one effect, and the same bytes each time.
/// R2: the whole day once more, after a restart: not one byte of the journal changes.
/// R3, other content under a used id, is asked of every rpc by Retention.Server.Tests RepeatTests.
/// </summary>
internal static class RepeatRow
{
    private const int Customers = 50;
    private const int Connections = 4;
    private const int Calls = 32;

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        var orders = Day(sheet.Of(20_000, 200_000));
        Shop shop;
        using (var platform = server.Client(server.BootstrapKey()))
        {
            shop = await Shop.OpenAsync(platform, "repeats", Customers);
            var (sent, wrong) = await SendAsync(server, shop, orders);
            var (lost, doubled, others) = await shop.SettleAsync(platform.As(shop.Key));
            sheet.Add(
                new Outcome("R1 repeats in any order", sent, shop.Told.Count, lost, doubled, wrong.Count + others.Count),
                wrong.Concat(others));
        }

        var before = await DigestAsync(server);
        await server.StartAsync(default);
        var replayed = await ReplayAsync(server, shop, sheet.Of(1, 4));
        var after = await DigestAsync(server);
        var changed = before == after ? 0 : 1;
        sheet.Add(new Outcome("R2 the day replayed", sheet.Of(1, 4), shop.Told.Count, 0, changed, replayed.Count), replayed);
        var verified = await VerifyCommand.VerifyAsync(server.DataFolder, ConsoleProgress.Silent, default);
        sheet.Add(new Outcome("R1 verify", 1, verified.Events, 0, 0, verified.Differences));
    }

    // Who redeems has bought long before, so that no copy is refused which a later one would not be.
    private static List<Order> Day(int requests) => [.. Enumerable.Range(0, requests).Select(x => new Order(
        $"r{x}", $"c{x % Customers}", x > 20 * Customers && x % 4 == 3 ? OrderKind.Redeem : OrderKind.Buy))];

    // Copies stand anywhere behind one another within a window, on connections taken at random.
    private static async Task<(long Sent, List<string> Wrong)> SendAsync(DemoServer server, Shop shop, List<Order> orders)
    {
        var random = new Random(7);
        var copies = orders.SelectMany((order, at) => Enumerable.Range(0, 1 + random.Next(5))
            .Select(copy => (order, IsFirst: copy == 0, At: at + (copy == 0 ? 0 : random.Next(200)))))
            .OrderBy(x => x.At).ToList();
        var clients = Enumerable.Range(0, Connections).Select(_ => server.Client(shop.Key)).ToArray();
        var replies = new Dictionary<string, string>();
        var wrong = new List<string>();
        await Parallel.ForEachAsync(copies, new ParallelOptions { MaxDegreeOfParallelism = Calls }, async (copy, stop) =>
        {
            var client = clients[Random.Shared.Next(Connections)];
            if (copy.IsFirst)
            {
                await shop.DoAsync(client, copy.order, stop);
                return;
            }

            var said = await SayAsync(client, copy.order, stop);
            lock (replies)
            {
                if (!replies.TryAdd(copy.order.Id, said) && replies[copy.order.Id] != said)
                {
                    wrong.Add($"{copy.order.Id} was answered in two ways");
                }
            }
        });
        foreach (var client in clients) client.Dispose();
        wrong.AddRange(shop.Told.Where(x => replies.TryGetValue(x.Order.Id, out var other) && other != x.Reply.ToBase64())
            .Select(x => $"{x.Order.Id} was answered in two ways"));
        return (copies.Count, wrong);
    }

    private static async Task<List<string>> ReplayAsync(DemoServer server, Shop shop, int times)
    {
        var wrong = new List<string>();
        using var client = server.Client(shop.Key);
        for (var time = 0; time < times; time++)
        {
            await Parallel.ForEachAsync(
                shop.Told, new ParallelOptions { MaxDegreeOfParallelism = Calls }, async (told, stop) =>
                {
                    if (await SayAsync(client, told.Order, stop) != told.Reply.ToBase64())
                    {
                        lock (wrong) wrong.Add($"{told.Order.Id} is answered otherwise than the first time");
                    }
                });
        }

        return wrong;
    }

    private static async Task<string> SayAsync(RpcClient client, Order order, CancellationToken stop) =>
        (await Shop.AskAsync(client, order, stop)).Reply.ToByteString().ToBase64();

    private static async Task<string> DigestAsync(DemoServer server)
    {
        await server.StopAsync();
        using var digest = new JournalDigest();
        await using var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = server.DataFolder });
        for (var position = 0L; position < store.Head;)
        {
            IReadOnlyList<JournalRecord> records = await store.ReadAsync(position, 1_000, default);
            foreach (var record in records) digest.Add(record);
            position = records[^1].Position;
        }

        return digest.Finish();
    }
}
