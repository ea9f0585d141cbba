using NodaTime;
using Retention.Domain.Customers;

namespace Retention.Domain.Tests.Customers;

public sealed class LotSumsTests
{
    private static readonly Instant Start = Instant.FromUtc(2017, 5, 1, 12, 0);

    /// <summary>
    /// The sums counted along with each purchase are those of all lots counted anew.
    /// Method: purchases and redemptions at random moments, looked at then and at every hour around.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_balance_is_the_sum_of_the_live_lots_at_every_moment(int seed)
    {
        var random = new Random(seed);
        var (state, now) = (CustomerState.Initial, Start);
        for (var step = 0; step < 600; step++)
        {
            now += Duration.FromHours(random.Next(30));
            state = CustomerEvolution.Evolve(state, Next(random, state, now, step));
            for (var hours = 0; hours < 100; hours += 7) AssertSame(state, now + Duration.FromHours(hours));
        }
    }

    private static CustomerFact Next(Random random, CustomerState state, Instant now, int step)
    {
        var slices = System.Collections.Immutable.ImmutableArray.CreateBuilder<LotSlice>();
        if (random.Next(5) == 0 && Lots.TakeSoonest(state.Lots, random.Next(3_000), now, 0, slices) is > 0 and var taken)
        {
            return new PointsRedeemed($"red{step}", taken, slices.ToImmutable(), null, null, null) { At = now };
        }

        Instant? expiry = random.Next(10) == 0 ? null : now + Duration.FromHours((random.Next(4) * 24) - 12);
        return new PurchaseRecorded(
            "pos", $"p{step}", null, 1_000, 0, 1_000, 0, 0, state.LastLot + 1, 1, expiry, default, null, default)
        { At = now };
    }

    private static void AssertSame(CustomerState state, Instant now)
    {
        var live = state.Lots.Where(lot => lot.ExpiresAt > now && lot.Remaining > 0).ToList();
        var soonest = live.Where(lot => lot.ExpiresAt != Instant.MaxValue).Select(lot => (Instant?)lot.ExpiresAt).Min();
        var balance = PointsBalance.Of(state, now);

        Assert.Equal(live.Sum(lot => lot.Remaining), balance.Available);
        Assert.Equal(soonest, balance.NextExpiryAt);
        Assert.Equal(live.Where(lot => lot.ExpiresAt == soonest).Sum(lot => lot.Remaining), balance.NextExpiry);
    }
}
