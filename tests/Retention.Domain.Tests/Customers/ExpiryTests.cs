using NodaTime;
using Retention.Domain.Customers;

namespace Retention.Domain.Tests.Customers;

public sealed class ExpiryTests
{
    private static readonly DateTimeZone NewYork = DateTimeZoneProviders.Tzdb["America/New_York"];

    [Fact]
    public void Points_live_to_the_last_instant_of_the_day_before_their_expiry()
    {
        var world = Bought(new LocalDateTime(2017, 3, 1, 23, 59), lotDays: 30);
        var end = NewYork.AtStartOfDay(new LocalDate(2017, 3, 31)).ToInstant();

        world.Now = end - Duration.Epsilon;
        Assert.Equal(10_000, world.Balance().Available);
        Assert.Equal((end, 10_000), (world.Balance().NextExpiryAt, world.Balance().NextExpiry));

        world.Now = end;
        Assert.Equal(new PointsBalance(0, 0, null, 0), world.Balance());
    }

    [Fact]
    public void Points_of_a_leap_day_expire_on_the_first_of_march()
    {
        // 29 February 2016 + 366 days: 2017 has no such day.
        Assert.Equal(Midnight(2017, 3, 1), ExpiryOf(new LocalDateTime(2016, 2, 29, 12, 0), 366));
        Assert.Equal(Midnight(2017, 2, 28), ExpiryOf(new LocalDateTime(2016, 2, 29, 12, 0), 365));
    }

    [Fact]
    public void Points_of_the_last_of_january_expire_in_march()
    {
        Assert.Equal(Midnight(2017, 3, 2), ExpiryOf(new LocalDateTime(2017, 1, 31, 12, 0), 30));
        Assert.Equal(Midnight(2016, 3, 1), ExpiryOf(new LocalDateTime(2016, 1, 31, 12, 0), 30));
    }

    [Fact]
    public void A_day_of_23_hours_counts_as_a_day()
    {
        // Clocks went forward on 12 March 2017 in New York.
        var expiry = ExpiryOf(new LocalDateTime(2017, 3, 11, 12, 0), 2);

        Assert.Equal(Instant.FromUtc(2017, 3, 13, 4, 0), expiry);
    }

    [Fact]
    public void A_day_of_25_hours_counts_as_a_day()
    {
        // Clocks went back on 5 November 2017 in New York.
        var expiry = ExpiryOf(new LocalDateTime(2017, 11, 4, 12, 0), 2);

        Assert.Equal(Instant.FromUtc(2017, 11, 6, 5, 0), expiry);
    }

    [Fact]
    public void Points_that_expire_on_a_changing_day_do_so_at_its_start()
    {
        Assert.Equal(Instant.FromUtc(2017, 3, 12, 5, 0), ExpiryOf(new LocalDateTime(2017, 3, 11, 12, 0), 1));
        Assert.Equal(Instant.FromUtc(2017, 11, 5, 4, 0), ExpiryOf(new LocalDateTime(2017, 11, 4, 12, 0), 1));
    }

    [Fact]
    public void A_day_without_midnight_starts_at_its_first_instant()
    {
        // Sao Paulo skipped 00:00 to 01:00 on 15 October 2017.
        var world = new World("America/Sao_Paulo");
        world.SetProgram(program => program with { LotDays = 1 });
        world.Now = Instant.FromUtc(2017, 10, 14, 15, 0);
        world.Enroll();
        world.Buy("p1", 1_000);

        Assert.Equal(Instant.FromUtc(2017, 10, 15, 3, 0), world.Customer().Lots[0].ExpiresAt);
    }

    [Fact]
    public void The_day_of_a_purchase_is_the_stores_and_its_end_is_the_tenants()
    {
        // 20:00 on 1 March in New York is 10:00 on 2 March in Tokyo.
        var world = new World();
        world.SetProgram(program => program with { LotDays = 1 });
        world.Now = Instant.FromUtc(2017, 3, 2, 1, 0);
        world.Enroll();
        world.Buy("here", 1_000);
        world.Buy("there", 1_000, sale => sale with { Origin = World.Till with { StoreId = "tokyo" } });

        Assert.Equal(Midnight(2017, 3, 2), world.Customer().Lots[0].ExpiresAt);
        Assert.Equal(Midnight(2017, 3, 3), world.Customer().Lots[1].ExpiresAt);
    }

    [Fact]
    public void Without_lot_days_points_never_expire()
    {
        var world = Bought(new LocalDateTime(2017, 3, 1, 12, 0), lotDays: 0);

        world.Now = Instant.FromUtc(2199, 1, 1, 0, 0);

        Assert.Equal(new PointsBalance(10_000, 0, null, 0), world.Balance());
    }

    [Fact]
    public void A_tenant_on_a_virtual_clock_expires_by_it()
    {
        var world = Bought(new LocalDateTime(2017, 3, 1, 12, 0), lotDays: 30);

        world.Set(world.TenantState with { VirtualNow = Midnight(2017, 3, 31) });

        Assert.Equal(0, world.Balance().Available);
    }

    private static Instant Midnight(int year, int month, int day) =>
        NewYork.AtStartOfDay(new LocalDate(year, month, day)).ToInstant();

    private static Instant ExpiryOf(LocalDateTime bought, int lotDays) =>
        Bought(bought, lotDays).Customer().Lots[0].ExpiresAt;

    private static World Bought(LocalDateTime at, int lotDays)
    {
        var world = new World { Now = at.InZoneStrictly(NewYork).ToInstant() };
        world.SetProgram(program => program with { LotDays = lotDays });
        world.Enroll();
        world.Buy("p1", 1_000);
        return world;
    }
}
