using NodaTime.Text;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Kernel;
using Retention.Server.Rpc;

namespace Retention.Server.Services;

/// <summary>Currencies and rates of an agreement between the wire and the domain.</summary>
internal static class FxMessages
{
    private const int SourceMax = 64;

    public static FxTerms? ToDomain(V1.FxTerms? fx, Party issuing, Party redeeming)
    {
        if (fx is null) return null;
        var currency = RequestField.Currency(fx.CurrencyCode, "terms.fx.currency_code");
        return new FxTerms(
            ClearingTermsMessages.IsFirst(fx.Brand, fx.TenantId, issuing, redeeming, "terms.fx.brand") ? Side.First : Side.Second,
            currency,
            RequestField.Text(fx.Source, "terms.fx.source", SourceMax),
            ClearingTermsMessages.IsFirst(
                fx.RoundingParty, fx.RoundingPartyTenantId, issuing, redeeming, "terms.fx.rounding_party"),
            Amount(fx.AmountOff, "terms.fx.amount_off", currency),
            Amount(fx.MinimumBasket, "terms.fx.minimum_basket", currency),
            fx.RateDays);
    }

    public static V1.FxTerms? ToProto(AgreementState state, AgreementTerms terms)
    {
        if (terms.Fx is not { } fx) return null;
        var rounds = state.PartyOf(fx.FirstRounds ? Side.First : Side.Second);
        return new V1.FxTerms
        {
            Brand = state.PartyOf(fx.Side).BrandId,
            TenantId = state.PartyOf(fx.Side).TenantId,
            CurrencyCode = fx.Currency,
            Source = fx.Source,
            RoundingParty = rounds.BrandId,
            RoundingPartyTenantId = rounds.TenantId,
            AmountOff = Told(fx.DiscountMinorUnits),
            MinimumBasket = Told(fx.MinimumBasketMinorUnits),
            RateDays = fx.RateWindow(),
        };

        V1.Money? Told(long minorUnits) => minorUnits == 0 ? null : new Money(fx.Currency, minorUnits).ToProto();
    }

    public static ExchangeRate ToDomain(this V1.ExchangeRate? rate, string field)
    {
        if (rate is null) throw RequestField.Invalid(field, "required");
        var on = LocalDatePattern.Iso.Parse(rate.RateDate);
        if (!on.Success) throw RequestField.Invalid(field + ".rate_date", "day_as_2017-05-01");
        return new ExchangeRate(
            on.Value,
            RequestField.Between(rate.Units, field + ".units", 1, ExchangeRate.UnitsMax),
            RequestField.Between(rate.CounterUnits, field + ".counter_units", 1, ExchangeRate.UnitsMax),
            RequestField.Text(rate.Source, field + ".source", SourceMax));
    }

    public static V1.ExchangeRate ToProto(this ExchangeRate rate) => new()
    {
        RateDate = LocalDatePattern.Iso.Format(rate.On),
        Units = rate.Units,
        CounterUnits = rate.CounterUnits,
        Source = rate.Source,
    };

    /// <summary>Null where the account has no counter currency.</summary>
    public static V1.Money? CounterAmount(this AccountView view, long minorUnits) =>
        view.Agreement.Agreed.Fx is { } fx ? new Money(fx.Currency, minorUnits).ToProto() : null;

    public static ExchangeRate? RateNow(this AccountView view) => view.Agreement.Agreed.Fx is { } fx
        ? view.Account.RateOn(view.At.InZone(view.Agreement.Zone).Date, fx.RateWindow())
        : null;

    private static long Amount(V1.Money? money, string field, string currency) =>
        money is null ? 0 : RequestField.Money(money, field, currency).MinorUnits;
}
