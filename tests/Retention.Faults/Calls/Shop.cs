using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using Retention.Server.Client;
using Retention.V1;

namespace Retention.Faults.Calls;

/// <summary>A call that changes something or reads, known before it is sent.</summary>
internal sealed record Order(string Id, string Customer, OrderKind Kind)
{
    public long Change => Kind switch { OrderKind.Buy => 5_000, OrderKind.Redeem => -1_000, _ => 0 };
}

internal enum OrderKind
{
    Buy,
    Redeem,
    Read,
}

/// <summary>What a client was told of an order, and when.</summary>
internal sealed record Told(Order Order, ByteString Reply, long Shown, long Position, long Began, long Ended);

/// <summary>One tenant with its customers, and everything that was acknowledged to its tills.</summary>
internal sealed class Shop
{
    private readonly ConcurrentBag<Told> told = [];

    private Shop(string key) => Key = key;

    /// <summary>The credential of the tenant's tills.</summary>
    public string Key { get; }

    public IReadOnlyCollection<Told> Told => told;

    /// <summary>Orders refused for a reason of business.</summary>
    public ConcurrentBag<Order> Refused { get; } = [];

    public static async Task<Shop> OpenAsync(RpcClient platform, string name, int customers)
    {
        var request = new CreateTenantRequest
        {
            RequestId = name, TenantId = name, DisplayName = name, CurrencyCode = "USD", TimeZone = "UTC",
        };
        var created = await platform.Call<CreateTenantResponse>("retention.v1.TenantService/CreateTenant", request);
        var tills = platform.As(created.AdminApiKey);
        await tills.Call<CreateBrandResponse>(
            "retention.v1.TenantService/CreateBrand",
            new CreateBrandRequest { RequestId = "brand", BrandId = "b", DisplayName = "B" });
        await Parallel.ForAsync(0, customers, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, stop) =>
            await tills.Call<EnrollCustomerResponse>(
                "retention.v1.CustomerService/EnrollCustomer",
                new EnrollCustomerRequest { RequestId = $"enroll-{number}", CustomerId = $"c{number}" }, stop));
        return new Shop(created.AdminApiKey);
    }

    /// <summary>Sends an order and remembers what was said.</summary>
    public async Task DoAsync(RpcClient till, Order order, CancellationToken stop = default)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var (reply, shown, position) = await AskAsync(till, order, stop);
            told.Add(new Told(order, reply.ToByteString(), shown, position, began, Stopwatch.GetTimestamp()));
        }
        catch (RpcCallException refusal) when (refusal.Reason == "INSUFFICIENT_POINTS")
        {
            Refused.Add(order);
        }
    }

    public static async Task<(IMessage Reply, long Shown, long Position)> AskAsync(
        RpcClient till, Order order, CancellationToken stop)
    {
        switch (order.Kind)
        {
            case OrderKind.Buy:
                var bought = await till.Call<RecordPurchaseResponse>("retention.v1.PurchaseService/RecordPurchase", Purchase(order), stop);
                return (bought, bought.Balance.AvailableMillipoints, 0);
            case OrderKind.Redeem:
                var redeem = new RedeemPointsRequest
                {
                    RequestId = order.Id, CustomerId = order.Customer, Millipoints = -order.Change, GiftId = "cup",
                };
                var redeemed = await till.Call<RedeemPointsResponse>("retention.v1.LoyaltyService/RedeemPoints", redeem, stop);
                return (redeemed, redeemed.Balance.AvailableMillipoints, 0);
            default:
                var read = await till.Call<GetBalanceResponse>(
                    "retention.v1.LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = order.Customer }, stop);
                return (read, read.Balance.AvailableMillipoints, read.Position);
        }
    }

    public static RecordPurchaseRequest Purchase(Order order) => new()
    {
        RequestId = order.Id,
        CustomerId = order.Customer,
        PurchaseId = order.Id,
        Source = "till",
        Total = new Money { CurrencyCode = "USD", MinorUnits = 500 },
    };

    /// <summary>
    /// Asks the server, now at rest, what became of everything, and compares: acknowledged orders that are not there,
    /// customers that hold another sum, refused orders that were applied, and the order in which all was told.
    /// </summary>
    public async Task<(long Lost, long Double, List<string> Wrong)> SettleAsync(RpcClient till)
    {
        var wrong = new List<string>();
        var events = new ConcurrentBag<Event>();
        var lost = 0L;
        await Each(told, async x =>
        {
            var position = x.Order.Kind == OrderKind.Read ? x.Position : await PositionAsync(till, x.Order.Id);
            if (position == 0) Interlocked.Increment(ref lost);
            events.Add(new Event(
                x.Order.Id, x.Order.Customer, x.Order.Kind == OrderKind.Read, x.Order.Change, x.Shown, position, x.Began, x.Ended));
        });
        await Each(Refused, async order =>
        {
            if (await PositionAsync(till, order.Id) > 0) lock (wrong) wrong.Add($"{order.Id} was refused and is applied");
        });
        wrong.AddRange(HistoryCheck.Run(events));
        return (lost, await WrongSumsAsync(till), wrong);
    }

    /// <summary>The commit that an order stands in; 0: none.</summary>
    public static async Task<long> PositionAsync(RpcClient till, string id) => (await OperationAsync(till, id)) is
    { State: OperationState.Applied } found ? found.Position : 0;

    public static async Task<Operation> OperationAsync(RpcClient till, string id) => (await till.Call<GetOperationResponse>(
        "retention.v1.OperationService/GetOperation", new GetOperationRequest { RequestId = id })).Operation;

    /// <summary>Customers that hold another sum than what was acknowledged to them.</summary>
    public async Task<long> WrongSumsAsync(RpcClient till)
    {
        var wrong = 0L;
        foreach (var customer in told.GroupBy(x => x.Order.Customer))
        {
            var found = (await AskAsync(till, new Order("", customer.Key, OrderKind.Read), default)).Shown;
            if (found != customer.Sum(x => x.Order.Change)) wrong++;
        }

        return wrong;
    }

    public static Task Each<T>(IEnumerable<T> items, Func<T, Task> work) => Parallel.ForEachAsync(
        items, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (item, _) => await work(item));
}
