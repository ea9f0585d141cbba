using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Retention.Server.Client;
using Retention.Server.Demo;
using Retention.Server.Verify;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;
using Retention.V1;
using Xunit.Abstractions;

namespace Retention.Server.Tests.Nodes;

/// <summary>
/// Two nodes, 50 customers that both write all the time, and 64 blind clients: each request goes out once, twice or three
/// times at once, to either node, and nothing is ever sent again because of its answer.
/// RETENTION_NODES_OPERATIONS says how many; 2,000 by default.
/// </summary>
public sealed class HotCustomersTests(ITestOutputHelper output) : IDisposable
{
    private const int Customers = 50;
    private const int Clients = 64;
    private readonly string folder = Directory.CreateTempSubdirectory("retention-hot-").FullName;
    private readonly ConcurrentBag<(string Customer, Played One)> history = [];
    private readonly ConcurrentBag<string> faults = [];
    private readonly ConcurrentBag<double>[] milliseconds = [[], []];
    private int next;

    private static int Operations =>
        int.TryParse(Environment.GetEnvironmentVariable("RETENTION_NODES_OPERATIONS"), out var count) ? count : 2_000;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [FactWithPostgres]
    public async Task Blind_clients_of_hot_customers_see_one_history_and_no_conflict_and_neither_node_starves()
    {
        var options = new PostgresOptions { ConnectionString = PostgresServer.Instance.CreateDatabase() };
        await using var server = new DemoServer(folder, options, nodeCount: 2);
        await server.StartAsync(CancellationToken.None);
        var key = await OpenAsync(server);
        RpcClient[] nodes = [new(server.Grpc, key), new(server.Grpc, key)];

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => PlayAsync(nodes, client))));

        var judged = await WithPositionsAsync(nodes[0]);
        var anomalies = judged.GroupBy(x => x.Customer)
            .SelectMany(x => CustomerHistory.Anomalies([.. x.Select(y => y.One)]).Select(y => $"{x.Key}: {y}")).ToArray();
        foreach (var node in nodes)
        {
            node.Dispose();
        }

        await server.StopAsync();
        var verified = await new Verification(
            new VerifiedDatabase(options), StoredKinds.All, StoredKinds.Laws(), (_, _, _) => { }).RunAsync(CancellationToken.None);
        var figures = string.Create(CultureInfo.InvariantCulture,
            $"N1 operations={Operations} anomalies={anomalies.Length} faults={faults.Count} violations={verified.Differences}"
            + $" first={Share(0)} second={Share(1)}");
        output.WriteLine(figures);
        Console.WriteLine(figures);
        Assert.Empty(faults.Take(5));
        Assert.Empty(anomalies.Take(5));
        Assert.Equal(0, verified.Differences);
        Assert.All(milliseconds, answers => Assert.True(answers.Count > Operations / 8, figures));
    }

    private static async Task<string> OpenAsync(DemoServer server)
    {
        using var platform = server.Client(server.BootstrapKey());
        var tenant = await platform.Call<CreateTenantResponse>("retention.v1.TenantService/CreateTenant", new CreateTenantRequest
        {
            RequestId = "tenant", TenantId = "shop", DisplayName = "Shop", CurrencyCode = "USD", TimeZone = "UTC",
        });
        using var admin = server.Client(tenant.AdminApiKey);
        await admin.Call<CreateBrandResponse>("retention.v1.TenantService/CreateBrand", new CreateBrandRequest
        {
            RequestId = "brand", BrandId = "b", DisplayName = "B",
        });
        await Parallel.ForAsync(0, Customers, async (customer, stop) => await admin.Call<EnrollCustomerResponse>(
            "retention.v1.CustomerService/EnrollCustomer",
            new EnrollCustomerRequest { RequestId = $"enroll-{customer}", CustomerId = $"c{customer}" }, stop));
        return tenant.AdminApiKey;
    }

    private async Task PlayAsync(RpcClient[] nodes, int client)
    {
        var random = new Random(client);
        for (int number; (number = Interlocked.Increment(ref next)) <= Operations;)
        {
            var customer = $"c{random.Next(Customers)}";
            await ((number % 10) switch
            {
                < 5 => PlayAsync<RecordPurchaseResponse>(
                    "PurchaseService/RecordPurchase", Buy(number, customer), customer, 5_000, x => x.Balance),
                < 8 => PlayAsync<RedeemPointsResponse>(
                    "LoyaltyService/RedeemPoints", Redeem(number, customer), customer, -5_000, x => x.Balance),
                _ => LookAsync(number, customer),
            });
        }

        async Task PlayAsync<TReply>(string method, IMessage request, string customer, long delta, Func<TReply, PointsBalance> balance)
            where TReply : class, IMessage<TReply>, new()
        {
            var home = client % 2;
            int[] copies = [home, .. Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(2))];
            var sentAt = Stopwatch.GetTimestamp();
            var answers = await Task.WhenAll(copies.Select(node => AskAsync<TReply>(nodes[node], method, request)));
            milliseconds[home].Add(Stopwatch.GetElapsedTime(sentAt, answers[0].At).TotalMilliseconds);
            var good = answers.Where(x => x.Reply is not null).ToArray();
            var id = request switch { RecordPurchaseRequest x => x.RequestId, RedeemPointsRequest x => x.RequestId, _ => "" };
            history.Add((customer, new Played(
                id, false, delta, sentAt, good.Length > 0 ? good.Min(x => x.At) : answers.Max(x => x.At), 0,
                good.Length > 0 ? balance(good[0].Reply!).AvailableMillipoints : 0, [.. good.Select(x => x.Reply!.ToByteString())])));
        }

        async Task LookAsync(int number, string customer)
        {
            var sentAt = Stopwatch.GetTimestamp();
            var (reply, at) = await AskAsync<GetBalanceResponse>(
                nodes[random.Next(2)], "LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = customer });
            if (reply is null) return;
            history.Add((customer, new Played(
                $"look-{number}", true, 0, sentAt, at, reply.Position, reply.Balance.AvailableMillipoints, [])));
        }
    }

    // The only refusal that a client may see is the one for want of points.
    private async Task<(TReply? Reply, long At)> AskAsync<TReply>(RpcClient node, string method, IMessage request)
        where TReply : class, IMessage<TReply>, new()
    {
        try
        {
            return (await node.Call<TReply>("retention.v1." + method, request), Stopwatch.GetTimestamp());
        }
        catch (RpcCallException refused)
        {
            if (refused.Reason != "INSUFFICIENT_POINTS") faults.Add($"{method}: {refused.Status} {refused.Reason} {refused.Message}");
            return (null, Stopwatch.GetTimestamp());
        }
    }

    private async Task<List<(string Customer, Played One)>> WithPositionsAsync(RpcClient node)
    {
        var judged = new ConcurrentBag<(string Customer, Played One)>();
        await Parallel.ForEachAsync(history, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (played, stop) =>
        {
            var (customer, one) = played;
            if (!one.IsRead)
            {
                var found = await node.Call<GetOperationResponse>(
                    "retention.v1.OperationService/GetOperation", new GetOperationRequest { RequestId = one.Id }, stop);
                one = one with { Position = found.Operation.State == OperationState.Applied ? found.Operation.Position : 0 };
            }

            judged.Add((customer, one));
        });
        return [.. judged];
    }

    private string Share(int node)
    {
        var sorted = milliseconds[node].Order().ToArray();
        return sorted.Length == 0 ? "none" : string.Create(CultureInfo.InvariantCulture,
            $"{sorted.Length}:p50={sorted[sorted.Length / 2]:0}ms:p99={sorted[sorted.Length * 99 / 100]:0}ms:max={sorted[^1]:0}ms");
    }

    private static RecordPurchaseRequest Buy(int number, string customer) => new()
    {
        RequestId = $"r{number}", CustomerId = customer, PurchaseId = $"p{number}", Source = "till",
        Total = new Money { CurrencyCode = "USD", MinorUnits = 500 },
    };

    private static RedeemPointsRequest Redeem(int number, string customer) => new()
    {
        RequestId = $"r{number}", CustomerId = customer, Millipoints = 5_000, GiftId = "cup",
    };
}
