using NodaTime;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Agreements;

/// <summary>JC12 over gRPC: a redemption clears when its sale arrives.</summary>
public sealed class AtSaleTests
{
    [Fact]
    public async Task A_redemption_is_provisional_until_its_sale_arrives_and_returns_take_back_their_share()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms => terms.Settle = Settle.Unspecified);
        var redemption = await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
        Assert.Equal((0, 66), await shops.OwedAsync());
        Assert.Equal(66, (await shops.StatementAsync("2017-05")).Provisional.MinorUnits);

        await shops.SellAsync(shops.Shoes, "carl", "s-1", redemption);
        Assert.Equal((66, 0), await shops.OwedAsync());
        await shops.ReturnAsync(shops.Shoes, "s-1", 1);
        Assert.Equal((50, 0), await shops.OwedAsync());
        await shops.ReturnAsync(shops.Shoes, "s-1", 3);

        Assert.Equal((0, 0), await shops.OwedAsync());
        var statement = await shops.StatementAsync("2017-05");
        Assert.Equal((66, 66, 0), (statement.Redeemed.MinorUnits, statement.Reversed.MinorUnits, statement.Closing.MinorUnits));
        Assert.Equal(
            [ClearingKind.Provisional, ClearingKind.Confirmed, ClearingKind.SaleReturned, ClearingKind.SaleReturned],
            (await shops.EntriesAsync()).Select(entry => entry.Kind));
    }

    [Fact]
    public async Task Without_a_sale_the_entry_is_taken_back_at_its_moment_and_a_late_sale_counts_in_the_open_month()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            terms.Settle = Settle.AtSale;
            terms.ConfirmWithin = new() { Seconds = 3600 };
        });
        var redemption = await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);

        await shops.AdvanceAsync(JointShops.Start + Duration.FromHours(1) - Duration.FromSeconds(1));
        Assert.Equal((0, 66), await shops.OwedAsync());
        await shops.AdvanceAsync(JointShops.Start + Duration.FromHours(1));
        Assert.Equal((0, 0), await shops.OwedAsync());
        var due = (await shops.EntriesAsync())[^1];
        Assert.Equal((ClearingKind.Unconfirmed, 2L, 0L), (due.Kind, due.Number, due.Position));

        await shops.AdvanceAsync(JointShops.Start + Duration.FromDays(40));
        await shops.SellAsync(shops.Shoes, "carl", "s-1", redemption);

        Assert.Equal((66, 0), await shops.OwedAsync());
        var entries = await shops.EntriesAsync();
        Assert.Equal(
            [ClearingKind.Provisional, ClearingKind.Unconfirmed, ClearingKind.Confirmed], entries.Select(entry => entry.Kind));
        Assert.Equal(due.EntryTime, entries[1].EntryTime);
        Assert.True(entries[1].Position > 0);
        Assert.Equal(0, (await shops.StatementAsync("2017-05")).Closing.MinorUnits);
        Assert.Equal(66, (await shops.StatementAsync("2017-06")).Redeemed.MinorUnits);
    }

    [Fact]
    public async Task On_a_real_clock_the_wait_ends_by_itself()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await server.CreateTenantAsync(), await server.CreateTenantAsync());
        var proposal = AgreementCalls.Proposal(bakery, shoes);
        proposal.Terms.Settle = Settle.AtSale;
        proposal.Terms.ConfirmWithin = new() { Seconds = 1 };
        _ = (await bakery.Propose(proposal)).Reply;
        _ = (await shoes.Accept(proposal.AgreementId)).Reply;
        var shops = new JointShops(bakery, shoes, proposal.AgreementId);
        await shops.DrainedAsync();
        _ = await JointShops.Call<EnrollCustomerResponse>(
            bakery,
            "CustomerService/EnrollCustomer",
            new EnrollCustomerRequest { RequestId = TestServer.NewId(), CustomerId = "anna" });
        await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);

        // The reminder stores the end; a read alone would show it with position 0.
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while ((await shops.EntriesAsync())[^1] is not { Kind: ClearingKind.Unconfirmed, Position: > 0 })
        {
            Assert.True(DateTime.UtcNow < deadline, "The end of the wait was not stored within 30 s.");
            await Task.Delay(100);
        }

        Assert.Equal((0, 0), await shops.OwedAsync());
    }

    [Fact]
    public async Task Redemption_ids_are_checked_for_form_and_unknown_ones_are_told_and_do_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, _ => { });

        var sold = await shops.SellAsync(shops.Shoes, "carl", "s-1", "red_" + new string('0', 32));
        var told = Assert.Single(sold.Explanation);
        Assert.Equal(("REDEMPTION_UNKNOWN", "1"), (told.Rule, told.Values["count"]));

        var refused = await shops.Shoes.Client.Call<RecordPurchaseRequest, RecordPurchaseResponse>(
            "PurchaseService/RecordPurchase",
            new()
            {
                RequestId = TestServer.NewId(),
                CustomerId = "carl",
                PurchaseId = "s-2",
                Source = "pos",
                Total = new Money { CurrencyCode = "USD", MinorUnits = 1 },
                RedemptionIds = { "blue_1" },
            },
            await shops.Shoes.KeyAsync(Role.Store));
        Assert.Equal((RpcStatus.InvalidArgument, "FIELD_INVALID"), (refused.Code, refused.Reason));
        Assert.Equal("redemption_ids", refused.Raw.Info!.Metadata["field"]);
    }
}
