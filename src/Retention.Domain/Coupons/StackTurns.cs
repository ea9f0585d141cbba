using System.Collections.Immutable;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <param name="Till">All but the code, which is empty.</param>
public sealed record ValidateStack(RedeemCoupon Till, ImmutableArray<string> Codes)
{
    /// <summary>Those of the codes that are joint coupons, as their agreements judge them alone.</summary>
    public ImmutableArray<JointCode> Joint { get; init; } = [];
}

/// <param name="DiscountMinorUnits">On the whole basket.</param>
/// <param name="Failing">Empty: it may be redeemed.</param>
public sealed record JointCode(
    int Position, string AgreementId, string CouponId, long DiscountMinorUnits, ImmutableArray<Refusal> Failing)
{
    /// <summary>
    /// Goes with everything but an exclusive offer and another coupon of its agreement, and comes last: the partner's
    /// coupon takes off what the chain's own leave to pay.
    /// </summary>
    public StackItem Item(string brandId, string zone) => new(Position, new Offer(
        AgreementId,
        "",
        brandId,
        OfferKind.UniqueCodes,
        "",
        new Discount(DiscountMinorUnits, 0, 0),
        new OfferConditions(0, [], [], false),
        new OfferLimits(0, 0, 0, 0),
        new OfferValidity(null, null, zone, 0),
        0)
    {
        Stacking = OfferStacking.Free with { Category = "agreement " + AgreementId, Order = int.MaxValue },
    });
}

/// <summary>One code that was asked about.</summary>
/// <param name="OfferId">Empty where the code led to none.</param>
/// <param name="DiscountMinorUnits">In the best combination; null: it is not part of it.</param>
/// <param name="Failing">Why it could not be; empty: it could, but the best combination is without it.</param>
public sealed record StackedCode(
    int Position, string OfferId, string CouponId, long? DiscountMinorUnits, ImmutableArray<Refusal> Failing)
{
    /// <summary>Of a joint coupon; empty: it is the chain's own.</summary>
    public string AgreementId { get; init; } = "";
}

/// <param name="Codes">Those of the combination in the order of their application, then the others as asked.</param>
public sealed record StackValidation(ImmutableArray<StackedCode> Codes, long DiscountMinorUnits, string Currency);

/// <summary>What several codes come to on one basket. Changes nothing.</summary>
public static class StackTurns
{
    public static Decision Validate(ITurn turn, ValidateStack command)
    {
        var basket = command.Till.Basket ?? throw new InvalidOperationException("Codes are stacked on a basket.");
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.Till.TenantId));
        var joint = command.Joint.ToDictionary(one => one.Position);
        var found = command.Codes.Select<string, FoundCoupon?>((code, position) => joint.ContainsKey(position)
            ? null
            : CouponSearch.Find(turn, command.Till with { Code = code })).ToList();
        if (!turn.IsComplete) return Decision.Silent();

        // What is wrong with the till's own words is wrong for every code.
        var fault = found.Select(one => one?.Unknown).FirstOrDefault(why =>
            why is not null and not { Reason: RefusalReason.CouponNotFound or RefusalReason.CouponNotInCampaign });
        if (fault is not null) return fault;

        var failing = found
            .Select((one, position) => one is { } own ? own.Failing(command.Till, turn, "").All : joint[position].Failing)
            .ToList();
        var items = found
            .Select((one, position) => !failing[position].IsEmpty ? null
                : one is { } own ? new StackItem(position, own.Offer)
                : joint[position].Item(command.Till.BrandId, tenant.TimeZone))
            .OfType<StackItem>()
            .ToList();
        var best = CouponStack.Best(items, basket);
        var places = best.Applied.Select(item => item.Position).ToList();
        var others = Enumerable.Range(0, found.Count).Except(places).Select(position => (Position: position, Given: (long?)null));
        var codes = best.Applied
            .Select(item => (item.Position, Given: (long?)item.MinorUnits))
            .Concat(others)
            .Select(item => found[item.Position] is { } own
                ? new StackedCode(
                    item.Position,
                    own.Unknown is null ? own.Offer.OfferId : "",
                    own.CouponCode is { Length: > 0 } code ? CouponCode.CouponId(code) : "",
                    item.Given,
                    failing[item.Position])
                : new StackedCode(item.Position, "", joint[item.Position].CouponId, item.Given, failing[item.Position])
                {
                    AgreementId = joint[item.Position].AgreementId,
                });
        return Decision.With(new StackValidation([.. codes], best.MinorUnits, tenant.Currency));
    }
}
