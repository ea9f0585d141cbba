using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Retention.Domain;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Tests.Support;
using Retention.Server.Verify;
using Retention.Storage.Sqlite;
using Retention.V1;

namespace Retention.Server.Tests.Customers;

/// <summary>The naive law agrees with what a server made, and with nothing that was changed afterwards.</summary>
public sealed class NaivePointsTests(LivedServer lived) : IClassFixture<LivedServer>
{
    [Fact]
    public void A_lived_life_has_no_difference()
    {
        Assert.Empty(Judged(fact => fact, state => state));
    }

    [Theory]
    [InlineData("purchase", "\"q\":10000", "\"q\":11000")]
    [InlineData("purchase", "\"v\":1", "\"v\":2")]
    [InlineData("purchase", "2018-03-01T05:00:00Z", "2018-03-02T05:00:00Z")]
    [InlineData("redeemed", "\"m\":4000", "\"m\":3999")]
    [InlineData("return", "\"q\":5000", "\"q\":4999")]
    [InlineData("void", "\"q\":7000", "\"q\":6000")]
    [InlineData("handed-over", "\"i\":\"p5\"", "\"i\":\"p3\"")]
    [InlineData("redemption-reversed", "\"m\":4000", "\"m\":4001")]
    public void A_changed_fact_is_found_and_its_customer_named(string type, string was, string becomes)
    {
        var changed = 0;
        var differences = Judged(
            fact =>
            {
                if (!fact.StartsWith($"{{\"$type\":\"{type}\"", StringComparison.Ordinal) || changed > 0) return fact;
                var damaged = fact.Replace(was, becomes, StringComparison.Ordinal);
                if (damaged != fact) changed++;
                return damaged;
            },
            state => state);

        Assert.Equal(1, changed);
        Assert.Contains(differences, difference => difference.Grain.EndsWith("/customer/ann", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"q\":9000", "\"q\":8000")]
    [InlineData("\"from\":\"ann\",\"b\":\"", "\"from\":\"ann\",\"b\":\"x")]
    [InlineData("2018-03-01T05:00:00Z", "2018-03-02T05:00:00Z")]
    public void A_sale_that_is_taken_over_changed_is_found(string was, string becomes)
    {
        var differences = Judged(
            fact => fact.StartsWith("{\"$type\":\"taken-over\"", StringComparison.Ordinal)
                ? fact.Replace(was, becomes, StringComparison.Ordinal)
                : fact,
            state => state);

        Assert.Contains(differences, difference => difference.Grain.EndsWith("/customer/bob", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"m\":\\d+", "\"m\":123")]
    [InlineData("\"spend\":\\d+", "\"spend\":1")]
    [InlineData("\"purchases\":\\d+", "\"purchases\":1")]
    [InlineData("\"lot\":\\d+", "\"lot\":1")]
    [InlineData("\"forgotten\":\"[^\"]*\"|^\\{", "{\"debt\":5,")]
    public void A_changed_state_is_found_and_its_customer_named(string was, string becomes)
    {
        var differences = Judged(fact => fact, state => new Regex(was).Replace(state, becomes, 1));

        Assert.Contains(differences, difference => difference.Grain.EndsWith("/customer/ann", StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_that_leads_to_somebody_else_is_found()
    {
        var differences = Judged(
            fact => fact.StartsWith("{\"$type\":\"taken\"", StringComparison.Ordinal) ? fact.Replace("ann", "eve", StringComparison.Ordinal) : fact,
            state => state);

        Assert.Contains(differences, difference => difference.Grain.EndsWith("/customer/ann", StringComparison.Ordinal));
    }

    private List<Difference> Judged(Func<string, string> damageFact, Func<string, string> damageState)
    {
        var law = new NaivePoints();
        var kinds = new GrainKinds(Registry.Default.Kinds);
        var states = new Dictionary<GrainId, object>();
        foreach (var record in lived.Records)
        {
            foreach (var write in record.Writes.Where(write => law.Concerns(write.Grain.Kind)))
            {
                for (var i = 0; i < write.Facts.Count; i++)
                {
                    var kind = kinds[write.Grain.Kind];
                    var state = states.GetValueOrDefault(write.Grain) ?? kind.Initial;
                    states[write.Grain] = kind.Evolve(state, kind.DecodeFact(write.Facts[i].Span));
                    using var json = JsonDocument.Parse(damageFact(Encoding.UTF8.GetString(write.Facts[i].Span)));
                    var type = json.RootElement.GetProperty("$type").GetString()!;
                    law.See(new NaiveFact(record.Position, write.Grain, write.ExpectedVersion + i + 1, type, json.RootElement));
                }
            }
        }

        var differences = new List<Difference>();
        foreach (var (grain, state) in states)
        {
            var bytes = new System.Buffers.ArrayBufferWriter<byte>();
            kinds[grain.Kind].EncodeState(state, bytes);
            var text = Encoding.UTF8.GetString(bytes.WrittenSpan);
            using var json = JsonDocument.Parse(grain.Key == "ann" ? damageState(text) : text);
            differences.AddRange(law.Judge(grain, json.RootElement));
        }

        return [.. differences, .. law.Finish()];
    }
}

/// <summary>A server that has lived a little, and the journal it left.</summary>
public sealed class LivedServer : IAsyncLifetime
{
    public IReadOnlyList<JournalRecord> Records { get; private set; } = [];

    public async Task InitializeAsync()
    {
        var directory = Directory.CreateTempSubdirectory("retention-lived-").FullName;
        await using (var server = await TestServer.StartAsync(directory: directory)) await LiveAsync(server);
        await using (var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory }))
        {
            Records = await store.ReadAsync(0, 1_000, CancellationToken.None);
        }

        Directory.Delete(directory, recursive: true);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    private static async Task LiveAsync(TestServer server)
    {
        var shop = await Shop.OpenAsync(server);
        await shop.EnrollAsync(card: "4711");
        await shop.BuyAsync("p1", 1_000);
        await shop.BuyAsync("p2", 1_000, sale => sale.PurchaseTime = Rpc.ProtoTime.ToProto(Shop.Noon - NodaTime.Duration.FromDays(20)));
        var redeemed = (await shop.Ask<RedeemPointsResponse>(
            "LoyaltyService/RedeemPoints",
            new RedeemPointsRequest { RequestId = "r1", CustomerId = "ann", Millipoints = 4_000 })).Reply;
        _ = (await shop.Ask<ReverseRedemptionResponse>(
            "LoyaltyService/ReverseRedemption",
            new ReverseRedemptionRequest { RequestId = "r2", RedemptionId = redeemed.RedemptionId })).Reply;
        _ = (await shop.Ask<ReturnPurchaseResponse>("PurchaseService/ReturnPurchase", new ReturnPurchaseRequest
        {
            RequestId = "r3", Source = "pos", PurchaseId = "p1", ReturnId = "x1",
            Lines = { new V1.ReturnLine { LineId = "1", Amount = Shop.Usd(500) } },
        })).Reply;
        _ = (await shop.Ask<RedeemPointsResponse>(
            "LoyaltyService/RedeemPoints",
            new RedeemPointsRequest { RequestId = "r4", CustomerId = "ann", Millipoints = 12_000 })).Reply;
        _ = (await shop.Ask<ReturnPurchaseResponse>("PurchaseService/ReturnPurchase", new ReturnPurchaseRequest
        {
            RequestId = "r5", Source = "pos", PurchaseId = "p2", ReturnId = "x2",
        })).Reply;
        await shop.BuyAsync("p3", 2_000);
        await shop.EnrollAsync("bob");
        await shop.BuyAsync("p4", 700);
        _ = (await shop.VoidAsync("p4")).Reply;
        await shop.BuyAsync("p5", 900);
        _ = (await shop.ReassignAsync("p5", "bob")).Reply;
        await LotsOfTwoDaysAsync(shop);
    }

    // Each time all of the lot that expires first goes, and a part of the next.
    private static async Task LotsOfTwoDaysAsync(Shop shop)
    {
        await shop.EnrollAsync("cid");
        await BuyAsync("p6", 0);
        await BuyAsync("p7", 1);
        var hold = (await shop.Ask<AuthorizePointsResponse>(
            "LoyaltyService/AuthorizePoints",
            new AuthorizePointsRequest { RequestId = "r6", CustomerId = "cid", Millipoints = 11_000, Ttl = new() { Seconds = 60 } })).Reply;
        _ = (await shop.Ask<VoidPointsResponse>(
            "LoyaltyService/VoidPoints", new VoidPointsRequest { RequestId = "r7", HoldId = hold.HoldId })).Reply;
        _ = (await shop.Ask<TransferPointsResponse>(
            "LoyaltyService/TransferPoints",
            new TransferPointsRequest { RequestId = "r8", FromCustomerId = "cid", ToCustomerId = "bob", Millipoints = 11_000 })).Reply;
        await BuyAsync("p8", 2);
        _ = (await shop.AskAsAdmin<AdjustPointsResponse>(
            "LoyaltyService/AdjustPoints",
            new AdjustPointsRequest { RequestId = "r9", CustomerId = "cid", Millipoints = -11_000, Reason = "WRONG" })).Reply;

        async Task BuyAsync(string id, int daysAgo) => await shop.BuyAsync(id, 1_000, sale =>
        {
            sale.CustomerId = "cid";
            sale.PurchaseTime = Rpc.ProtoTime.ToProto(Shop.Noon - NodaTime.Duration.FromDays(daysAgo));
        });
    }
}
