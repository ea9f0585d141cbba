using System.Text.Json;
using Retention.Server.Tests.Agreements;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Feed;

public sealed class FeedContentTests
{
    [Fact]
    public async Task A_tenants_own_facts_come_with_their_content_and_without_personal_data()
    {
        await using var server = await TestServer.StartAsync();
        var play = await JointPlay.StartAsync(server);
        await play.BuyAsync(play.Bakery, "p-1");

        var entries = await JointPlay.FeedAsync(play.Bakery);

        using var purchase = JsonDocument.Parse(entries.Single(entry => entry.Kind == "purchase").Json);
        Assert.Equal("p-1", purchase.RootElement.GetProperty("purchase_id").GetString());
        Assert.Equal(1000, purchase.RootElement.GetProperty("total_minor_units").GetInt64());
        Assert.Equal(1, entries.Single(entry => entry.Kind == "enrolled").ContentVersion);
        var told = string.Concat(entries);
        Assert.DoesNotContain("nnabel", told, StringComparison.Ordinal);
        Assert.DoesNotContain("4711-CARD", told, StringComparison.Ordinal);
        Assert.DoesNotContain("_key", told, StringComparison.Ordinal);
        Assert.DoesNotContain("Key\\\"", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_party_learns_the_money_and_its_own_coupons_and_nothing_of_the_partners_customers()
    {
        await using var server = await TestServer.StartAsync();
        var play = await JointPlay.StartAsync(server);
        await play.BuyAsync(play.Bakery, "p-4711");
        await play.BuyAsync(play.Bakery, "p-4712");
        await play.RedeemAsync(play.Bakery, play.Shoes);
        await play.ReturnAsync(play.Bakery, "p-4712");

        var (bakery, shoes) = (await JointPlay.FeedAsync(play.Bakery), await JointPlay.FeedAsync(play.Shoes));

        Assert.Equal(
            [CouponChange.Issued, CouponChange.Issued, CouponChange.Redeemed, CouponChange.Voided], Changes(bakery));
        Assert.Equal([CouponChange.Redeemed], Changes(shoes));
        var (mine, theirs) = (Entries(bakery), Entries(shoes));
        Assert.Equal(mine, theirs);
        Assert.Equal([-66L, 66L], mine.Single().Postings.Select(posting => posting.Amount.MinorUnits));

        var told = string.Concat(shoes.Where(entry => entry.AgreementId.Length > 0));
        foreach (var secret in (string[])["anna", "4711", "4712", "seudonym", "code_key", play.Bakery.StoreId])
        {
            Assert.DoesNotContain(secret, told, StringComparison.Ordinal);
        }

        Assert.All(shoes.Where(entry => entry.GrainKind == "account"), entry => Assert.Equal(0, entry.Version));
    }

    [Fact]
    public async Task Nobody_else_is_told_of_an_agreement()
    {
        await using var server = await TestServer.StartAsync();
        var play = await JointPlay.StartAsync(server);
        await play.BuyAsync(play.Bakery, "p-1");
        var stranger = await server.CreateTenantAsync();

        Assert.Empty(await JointPlay.FeedAsync(stranger, new() { AgreementId = play.AgreementId }));
        Assert.DoesNotContain(await JointPlay.FeedAsync(stranger), entry => entry.AgreementId.Length > 0);
        Assert.All(
            await JointPlay.FeedAsync(play.Shoes, new() { AgreementId = play.AgreementId }),
            entry => Assert.Equal(play.AgreementId, entry.AgreementId));
    }

    private static IEnumerable<CouponChange> Changes(IEnumerable<JournalEntry> entries) => entries
        .Where(entry => entry.Clearing is { CouponChange: not CouponChange.Unspecified })
        .Select(entry => entry.Clearing.CouponChange);

    private static List<ClearingEntry> Entries(IEnumerable<JournalEntry> entries) =>
        [.. entries.Where(entry => entry.Clearing?.Entry is not null).Select(entry => entry.Clearing.Entry)];
}
