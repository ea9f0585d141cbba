using System.Collections.Immutable;
using Retention.Domain.Offers;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <param name="Till">All but the code, which is empty.</param>
public sealed record ValidateStack(RedeemCoupon Till, ImmutableArray<string> Codes);

/// <summary>One code that was asked about.</summary>
/// <param name="OfferId">Empty where the code led to none.</param>
/// <param name="DiscountMinorUnits">In the best combination; null: it is not part of it.</param>
/// <param name="Failing">Why it could not be; empty: it could, but the best combination is without it.</param>
public sealed record StackedCode(
    int Position, string OfferId, string CouponId, long? DiscountMinorUnits, ImmutableArray<Refusal> Failing);

/// <param name="Codes">Those of the combination in the order of their application, then the others as asked.</param>
public sealed record StackValidation(ImmutableArray<StackedCode> Codes, long DiscountMinorUnits, string Currency);

/// <summary>What several codes come to on one basket. Changes nothing.</summary>
public static class StackTurns
{
    public static Decision Validate(ITurn turn, ValidateStack command)
    {
        var basket = command.Till.Basket ?? throw new InvalidOperationException("Codes are stacked on a basket.");
        var found = command.Codes.Select(code => CouponSearch.Find(turn, command.Till with { Code = code })).ToList();
        if (!turn.IsComplete) return Decision.Silent();

        // What is wrong with the till's own words is wrong for every code.
        var fault = found.Select(one => one.Unknown).FirstOrDefault(why =>
            why is not null and not { Reason: RefusalReason.CouponNotFound or RefusalReason.CouponNotInCampaign });
        if (fault is not null) return fault;

        var failing = found.ConvertAll(one => Failing(turn, command.Till, one));
        var items = found
            .Select((one, position) => failing[position].IsEmpty ? new StackItem(position, one.Offer) : null)
            .OfType<StackItem>()
            .ToList();
        var best = CouponStack.Best(items, basket);
        var places = best.Applied.Select(item => item.Position).ToList();
        var others = Enumerable.Range(0, found.Count).Except(places).Select(position => (Position: position, Given: (long?)null));
        var codes = best.Applied
            .Select(item => (item.Position, Given: (long?)item.MinorUnits))
            .Concat(others)
            .Select(item => new StackedCode(
                item.Position,
                found[item.Position].Unknown is null ? found[item.Position].Offer.OfferId : "",
                found[item.Position].CouponCode is { Length: > 0 } code ? CouponCode.CouponId(code) : "",
                item.Given,
                failing[item.Position]));
        return Decision.With(new StackValidation([.. codes], best.MinorUnits, found[0].Tenant.Currency));
    }

    private static ImmutableArray<Refusal> Failing(ITurn turn, RedeemCoupon till, FoundCoupon found) =>
        found.Unknown is { } unknown ? [unknown] : OfferConditionsCheck.Failing(found.Check(till, turn, "")).All;
}
