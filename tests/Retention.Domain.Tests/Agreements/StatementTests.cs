using NodaTime;
using Retention.Domain.Clearing;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

public sealed class StatementTests
{
    private static readonly LocalDate May = new(2017, 5, 1);
    private static readonly LocalDate June = new(2017, 6, 1);
    private static readonly LocalDate July = new(2017, 7, 1);

    private readonly JointScene scene = new();

    [Fact]
    public void Closing_is_opening_plus_redeemed_minus_reversed_and_opens_the_next_month()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2", "bert");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Move(Noon(2017, 6, 5));
        scene.Return(Bakery, "p-1");
        scene.Move(Noon(2017, 7, 1));

        var (may, june, july) = (Month(May), Month(June), Month(July));
        Assert.Equal((0, -66, 0, -66), (may.Opening, may.Redeemed, may.Reversed, may.Closing));
        Assert.Equal((-66, 0, -66, 0), (june.Opening, june.Redeemed, june.Reversed, june.Closing));
        Assert.Equal((0, 0), (july.Opening, july.Closing));
        Assert.Equal(new Memo(2, 398), may.FirstIssued);
        Assert.Equal(new Memo(1, 199), june.FirstExpired);
    }

    [Fact]
    public void A_month_ends_at_midnight_of_the_agreements_zone()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2", "bert");
        scene.Move(LastInstantOf(2017, 5, 31));
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Move(At(new LocalDateTime(2017, 6, 1, 0, 0)));

        Assert.Equal(-66, Month(May).Closing);
        Assert.Equal((1, 0), (Month(May).Lines, Month(June).Lines));
        Assert.Equal(new Memo(1, 199), Month(June).FirstExpired);
    }

    [Fact]
    public void A_closed_month_never_changes()
    {
        scene.Active().Buy(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Move(Noon(2017, 6, 1));
        var may = Month(May);

        scene.Reverse(Shoes, redemption);
        scene.Move(Noon(2018, 1, 1));

        Assert.Equal(may with { Entities = [] }, Month(May) with { Entities = [] });
        Assert.Equal(may.StatementHash(Id, "USD"), Month(May).StatementHash(Id, "USD"));
        Assert.Equal(-66, Month(June).Reversed);
    }

    [Fact]
    public void Months_before_the_proposal_and_after_now_have_no_statement()
    {
        scene.Active();

        Assert.Equal(RefusalReason.PeriodNotFound, Ask(Bakery, new LocalDate(2017, 4, 1)).Refusal?.Reason);
        Assert.Equal(RefusalReason.PeriodNotFound, Ask(Bakery, June).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementNotFound, Ask(Stranger, May).Refusal?.Reason);
    }

    [Fact]
    public void Small_counts_of_the_partners_leg_are_hidden_and_all_of_its_counts_with_them()
    {
        scene.Active().Buy(Bakery, "p-1");
        var shown = (AccountView)scene.Books.Ask(turn => ClearingTurns.Get(turn, scene.Asks(Shoes), Id)).Reply!;
        var real = shown with { Agreement = shown.Agreement with { IsSandbox = false } };
        var own = real with { Own = [Domain.Agreements.Side.First] };
        var leg = real.Agreement.Legs().First();

        Assert.False(shown.LegOf(leg).IsHidden);
        Assert.True(real.LegOf(leg).IsHidden);
        Assert.False(own.LegOf(leg).IsHidden);
    }

    private PeriodTotals Month(LocalDate month) => ((StatementView)Ask(Bakery, month).Reply!).Period;

    private Decision Ask(string tenant, LocalDate month) =>
        scene.Books.Ask(turn => ClearingTurns.Statement(turn, scene.Asks(tenant), Id, month));
}
