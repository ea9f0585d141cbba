using System.Collections.Concurrent;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Demo;
using Retention.V1;

namespace Retention.Faults.Calls;

/// <summary>
/// A1 to A3: two hundred calls released at one moment want the same thing, and there is one, or fifty: a code that may be
/// used once, the budget of an offer, the points of a customer. Exactly so many get it, whatever the order.
/// </summary>
internal static class RaceRow
{
    private const int AtOnce = 200;
    private const int There = 50;
    private const int Connections = 4;
    private const long Millipoints = 1_000;

    private static readonly string[] Refusals = ["LIMIT_REACHED", "BUDGET_EXHAUSTED", "OFFER_PAUSED", "INSUFFICIENT_POINTS", "ALREADY_REDEEMED"];

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var rounds = sheet.Of(5, 100);
        var shop = await Shop.OpenAsync(platform, "raced", customers: rounds);
        var admin = platform.As(shop.Key);
        var tills = Enumerable.Range(0, Connections).Select(_ => new RpcClient(server.Grpc, shop.Key)).ToArray();
        (string Name, int Accepted, Func<int, Task<(Func<int, Task> Call, Func<Task<bool>> IsWhole)>> Prepare)[] races =
        [
            ("A1 one code", 1, round => CodeAsync(admin, tills, new Offer { Code = $"ONE{round}", Limits = new OfferLimits { Total = 1 } }, 1)),
            ("A2 a budget", There, round => CodeAsync(admin, tills, new Offer { Code = $"BUDGET{round}", Budget = Usd(100 * There) }, There)),
            ("A3 points", There, round => PointsAsync(admin, tills, $"c{round}")),
        ];
        foreach (var (name, wanted, prepare) in races)
        {
            var (sum, doubled, wrong) = (0L, 0L, new ConcurrentBag<string>());
            for (var round = 0; round < rounds; round++)
            {
                var (call, isWhole) = await prepare(round);
                var accepted = await ReleaseAsync(call, wrong);
                sum += accepted;
                doubled += Math.Max(0, accepted - wanted);
                if (accepted < wanted) wrong.Add($"round {round}: only {accepted} of {wanted} were accepted");
                if (!await isWhole()) wrong.Add($"round {round}: the books say otherwise");
                if (round == 0) sheet.Control(name, accepted > wanted - 1, "as many would be too many if there were one less");
            }

            sheet.Add(new Outcome(name, rounds * AtOnce, sum, 0, doubled, wrong.Count), wrong);
        }

        foreach (var till in tills) till.Dispose();
    }

    private static async Task<int> ReleaseAsync(Func<int, Task> call, ConcurrentBag<string> wrong)
    {
        var (gate, accepted) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        var calls = Enumerable.Range(0, AtOnce).Select(async number =>
        {
            await gate.Task;
            try
            {
                await call(number);
                Interlocked.Increment(ref accepted);
            }
            catch (RpcCallException refusal)
            {
                if (!Refusals.Contains(refusal.Reason)) wrong.Add($"{refusal.Status} {refusal.Reason}: {refusal.Message}");
            }
        }).ToArray();
        gate.SetResult();
        await Task.WhenAll(calls);
        return accepted;
    }

    private static async Task<(Func<int, Task>, Func<Task<bool>>)> CodeAsync(RpcClient admin, RpcClient[] tills, Offer offer, int wanted)
    {
        offer.OfferId = offer.Code.ToLowerInvariant();
        offer.Discount = new Discount { AmountOff = Usd(100) };
        await admin.Call<CreateOfferResponse>(
            "retention.v1.OfferService/CreateOffer", new CreateOfferRequest { RequestId = $"create-{offer.OfferId}", Offer = offer });
        await admin.Call<ActivateOfferResponse>(
            "retention.v1.OfferService/ActivateOffer",
            new ActivateOfferRequest { RequestId = $"activate-{offer.OfferId}", OfferId = offer.OfferId });
        return (
            number => tills[number % tills.Length].Call<RedeemCouponResponse>(
                "retention.v1.CouponService/RedeemCoupon",
                new RedeemCouponRequest { RequestId = $"{offer.OfferId}-{number}", Code = offer.Code }),
            async () => (await admin.Call<GetOfferResponse>(
                "retention.v1.OfferService/GetOffer", new GetOfferRequest { OfferId = offer.OfferId })).Offer
                is { } after && after.RedeemedCount == wanted && after.DiscountGiven.MinorUnits == 100 * wanted);
    }

    private static async Task<(Func<int, Task>, Func<Task<bool>>)> PointsAsync(RpcClient admin, RpcClient[] tills, string customer)
    {
        var bought = new Order($"stock-{customer}", customer, OrderKind.Buy);
        for (var earned = 0L; earned < There * Millipoints; earned += bought.Change)
        {
            await Shop.AskAsync(admin, bought with { Id = $"stock-{customer}-{earned}" }, default);
        }

        return (
            number => Shop.AskAsync(tills[number % tills.Length], new Order($"spend-{customer}-{number}", customer, OrderKind.Redeem), default),
            async () => (await Shop.AskAsync(admin, new Order("", customer, OrderKind.Read), default)).Shown == 0);
    }

    private static Money Usd(long cents) => new() { CurrencyCode = "USD", MinorUnits = cents };
}
