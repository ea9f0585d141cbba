using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;
using Side = Retention.Domain.Agreements.Side;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Brands that keep their books in different currencies (JC6): the account in dollars, the shoe shop in euro.</summary>
public sealed class FxTests
{
    private static readonly FxTerms Euro = new(Side.Second, "EUR", "ECB", false, 200, 0, 0);

    private static readonly AgreementTerms Agreed = Terms with { Fx = Euro };

    private readonly JointScene scene = new() { ShoesCurrency = "EUR" };

    [Fact]
    public void The_coupon_takes_off_euro_and_both_amounts_stand_in_the_line()
    {
        scene.Active(Agreed);
        scene.Rate(Bakery, new LocalDate(2017, 5, 1), 1000, 909);
        scene.Buy(Bakery, "p-1");

        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);

        // A third of EUR 2.00 is EUR 0.66, at 0.909 a dollar 72.6 cents; the shoe shop bears the rest of a cent.
        var line = scene.Lines[^1];
        Assert.Equal((-72, 72, -66), (line.FirstCredit, line.SecondCredit, line.FirstCounter));
        Assert.EndsWith("|counter=-66;rate=1000:909;rate_date=2017-05-01;rate_source=ECB", line.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 4, null)]
    [InlineData(1, 5, RefusalReason.RateMissing)]
    [InlineData(2, 3, RefusalReason.RateMissing)]
    public void A_rate_holds_from_its_day_on_and_so_many_days_after_it(int recordedOn, int redeemedAfter, RefusalReason? reason)
    {
        scene.Active(Agreed with { IsMirrored = true });
        scene.Buy(Shoes, "p-1");
        scene.Rate(Shoes, new LocalDate(2017, 5, 1).PlusDays(recordedOn == 1 ? 0 : 7), 1000, 909);
        scene.Move(Noon(2017, 5, 1 + redeemedAfter));

        Assert.Equal(reason, scene.Redeem(Bakery, scene.Wallet(Shoes)[0]).Refusal?.Reason);
    }

    [Fact]
    public void A_days_rate_is_recorded_once_by_whichever_brand_and_from_the_agreed_source_only()
    {
        var day = new LocalDate(2017, 5, 2);
        scene.Active(Agreed);
        Assert.Null(scene.Rate(Bakery, day, 1000, 909).Refusal);

        Assert.Equal(RefusalReason.RateExists, scene.Rate(Shoes, day, 1000, 910).Refusal?.Reason);
        Assert.Equal(RefusalReason.RateExists, scene.Rate(Shoes, day.PlusDays(-1), 1000, 910).Refusal?.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, scene.Rate(Shoes, day.PlusDays(1), 1000, 910, "my own").Refusal?.Reason);
        Assert.Null(scene.Rate(Shoes, new LocalDate(2017, 5, 8), 1000, 910).Refusal);
        Assert.Equal(RefusalReason.FieldInvalid, scene.Rate(Shoes, new LocalDate(2017, 5, 9), 1000, 910).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementNotFound, scene.Rate(Stranger, day, 1000, 910).Refusal?.Reason);
    }

    [Fact]
    public void Of_one_currency_no_rate_is_recorded()
    {
        var alone = new JointScene().Active();

        Assert.Equal(RefusalReason.FxNotAgreed, alone.Rate(Bakery, new LocalDate(2017, 5, 1), 1, 1).Refusal?.Reason);
    }

    [Fact]
    public void Only_so_many_rates_are_kept_and_the_one_in_force_is_among_them()
    {
        scene.Active(Agreed);
        for (var day = 0; day < 2 * AccountState.RatesMax; day++)
        {
            Assert.Null(scene.Rate(Bakery, new LocalDate(2017, 5, 1).PlusDays(day + RateTurns.DaysAheadMax), 1000, 900 + day).Refusal);
            scene.Move(scene.Now + Duration.FromDays(1));
        }

        Assert.Equal(AccountState.RatesMax, scene.Account.Rates.Length);
        Assert.Equal(scene.Now.InZone(Zone).Date, scene.Account.LastRateOn(scene.Now.InZone(Zone).Date)?.On);
    }

    [Fact]
    public void Terms_name_what_is_taken_off_at_each_brands_tills_and_nothing_else()
    {
        Assert.Equal("terms.fx.currency_code", Field(Agreed with { Fx = Euro with { Currency = "USD" } }));
        Assert.Equal("terms.fx.amount_off", Field(Agreed with { Fx = Euro with { DiscountMinorUnits = 0 } }));
        Assert.Equal("terms.offer.amount_off", Field(Agreed with { IsMirrored = false }));
        Assert.Equal("terms.offer.amount_off", Field(Agreed with { DiscountMinorUnits = 0 }));
        Assert.Equal("terms.fx.rate_days", Field(Agreed with { Fx = Euro with { RateDays = FxTerms.RateDaysMax + 1 } }));
        Assert.Equal("terms", Field(Agreed with { DiscountMinorUnits = FxTerms.AmountMax + 1 }));
        Assert.Null(Field(Agreed with { IsMirrored = false, DiscountMinorUnits = 0 }));
    }

    [Fact]
    public void Each_tenant_accepts_in_its_own_currency_and_currencies_stay()
    {
        Assert.Null(scene.Propose(Agreed).Refusal);
        Assert.Equal(RefusalReason.CurrencyMismatch, scene.Accept(Shoes, currency: "USD").Refusal?.Reason);
        Assert.Null(scene.Accept(Shoes).Refusal);
        Assert.Equal(RefusalReason.CurrencyMismatch, scene.Propose(Agreed with { Fx = Euro with { Side = Side.First } }, id: "agr-2").Refusal?.Reason);

        Assert.Equal(RefusalReason.TermsNotAmendable, scene.Amend(Bakery, Terms).Refusal?.Reason);
        Assert.Null(scene.Amend(Bakery, Agreed with { Fx = Euro with { Source = "Fed", RateDays = 1 } }).Refusal);
    }

    private static string? Field(AgreementTerms terms) => AgreementRules.Fault(new ProposeAgreement(
        Id, new Party(Bakery, "bread"), new Party(Shoes, "boots"), terms, "", "", ""))?.Details
        .Where(detail => detail.Name == "field").Select(detail => detail.Value).Single();
}
