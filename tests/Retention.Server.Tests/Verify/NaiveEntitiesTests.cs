using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Entities;
using Retention.Domain.Tenants;
using Retention.Domain.Tests;
using Retention.Kernel;
using Retention.Server.Verify;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive books of companies agree with what was cleared, and with nothing that was changed afterwards.</summary>
public sealed class NaiveEntitiesTests
{
    private static readonly Instant At = Instant.FromUtc(2017, 5, 1, 16, 0);

    [Fact]
    public void What_was_cleared_has_no_difference() => Assert.Empty(Judged(fact => [fact], state => state));

    [Theory]
    [InlineData("entity-cleared", "\"first_minor_units\":-50", "\"first_minor_units\":-51")]
    [InlineData("entity-cleared", "\"number\":1", "\"number\":3")]
    [InlineData("entity-cleared", "\"redemption\":\"red_1\"", "\"redemption\":\"red_2\"")]
    [InlineData("entity-reversed", "\"first_minor_units\":50", "\"first_minor_units\":40")]
    [InlineData("redeemed", "\"m\":100000", "\"m\":200000")]
    public void A_changed_fact_is_found(string type, string was, string becomes) => Assert.NotEmpty(Judged(
        Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state));

    [Theory]
    [InlineData("entity-cleared")]
    [InlineData("entity-reversed")]
    public void A_dropped_entry_is_found(string type) =>
        Assert.NotEmpty(Judged(Judging.Once(type, _ => []), state => state));

    [Theory]
    [InlineData("\"first_net\":-?\\d+", "\"first_net\":5")]
    [InlineData("\"redeemed\":-?\\d+", "\"redeemed\":5")]
    [InlineData("\"lines_hash\":\"[0-9a-f]+", "\"lines_hash\":\"00")]
    public void A_changed_account_is_found(string was, string becomes) =>
        Assert.NotEmpty(Judged(fact => [fact], Judging.Regex("entity-account", was, becomes)));

    // 100 points of north's lot are redeemed at south's store, at 5.00 for 1,000, and come back a month later.
    private static List<Difference> Judged(Func<string, string[]> facts, Func<string, string> states)
    {
        var books = new Books();
        var chain = PartitionId.Tenant("chain");
        books.Given(
            TenantGrains.Id("chain"),
            new TenantCreated("chain", "Chain", "EUR", "Europe/Vilnius", At, "a2V5"),
            new StoreCreated(new Store("s", "b", "South", "", "south")),
            new ProgramUpdated(Domain.Tenants.Program.Default with { PointValueMinorUnits = 500 }));
        var redemption = new PointsRedeemed(
            "red_1", 100_000, [new LotSlice(1, 100_000, "b", 1, At, Instant.MaxValue) { EntityId = "north" }], null, null, null)
        {
            At = At, Origin = new Origin("cre_1", "b", "s", null, null),
        };
        var tenant = books.State<TenantState>(TenantGrains.Id("chain"));
        var customer = CustomerGrains.Id(chain, "anna");
        books.Given(customer, new CustomerEnrolled([], null, []), new PurchaseRecorded(
            "pos", "p-1", null, 10_000, 0, 100_000, 0, 0, 1, 1, null, [], null, [])
        { At = At, EntityId = "north", Origin = new Origin("cre_1", "b", null, null, null) });
        books.Ask(turn => EntityClearing.Redeemed(
            turn, Decision.With(new object()).Change(customer, redemption), tenant, redemption, At));
        var cleared = books.Journal.Where(change => change.Fact is EntityCleared).ToList();
        books.Ask(turn => EntityClearing.Reversed(
            turn, Decision.With(new object()), tenant, cleared, At + Duration.FromDays(31)));
        return Judging.Judged(new NaiveEntities(), books, facts, states);
    }
}
