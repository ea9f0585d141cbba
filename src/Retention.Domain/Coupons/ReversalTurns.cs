using Retention.Domain.Entities;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Coupons;

/// <summary>Takes redemptions of a chain's own offers back, as a whole or by lines, whenever it comes.</summary>
public static class ReversalTurns
{
    /// <summary>
    /// Gives back what still stands of the discount, and with the last of it the count, the customer's use and the
    /// coupon. Named lines give back their part only.
    /// </summary>
    public static Decision Reverse(ITurn turn, ReverseCouponRedemption command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var linesGrain = OfferGrains.RedemptionId(command.TenantId, command.RedemptionId);
        var state = turn.State<RedemptionState>(linesGrain);
        if (RedemptionId.Key(command.RedemptionId) is not { } key) return Unknown(command.RedemptionId);
        var recorded = turn.Recorded(key);
        if (!turn.IsComplete) return Decision.Silent();
        var facts = recorded?.Where(change => IsOf(change.Fact, command.RedemptionId)).ToList();

        var partition = PartitionId.Tenant(command.TenantId);
        var redeemed = Offered(facts);
        if (redeemed is null || facts!.Any(fact => fact.Grain.Partition != partition)) return Unknown(command.RedemptionId);
        if (command.Lines.Any(line => line.Amount is { } money && money.Currency != tenant.Currency))
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", tenant.Currency));
        }

        if (state.IsReversed) return Because(RefusalReason.RedemptionAlreadyReversed);

        var now = tenant.Now(turn.Time);
        var (back, refusal) = DiscountSpread.Take(state, command.Lines);
        if (refusal is not null) return refusal;

        var discount = command.Lines.IsEmpty
            ? state.Lines.IsEmpty ? redeemed.Discount : state.StandingMinorUnits
            : back.Sum(line => line.Discount);
        var isWhole = command.Lines.IsEmpty
            || state.Evolve(new RedemptionLinesReturned(back, command.ReturnId, now)).Lines.All(line => line.IsBack);
        var decision = Decision.With(new CouponReversal(
            command.RedemptionId, discount, tenant.Currency, isWhole, now, isWhole));
        if (!back.IsEmpty) decision.Change(linesGrain, new RedemptionLinesReturned(back, command.ReturnId, now));
        if (isWhole && !state.Lines.IsEmpty) decision.Change(linesGrain, new RedemptionClosed(now));
        var kept = redeemed.Unreserved is { } unreserved ? unreserved with { MinorUnits = discount } : null;
        foreach (var (grain, fact) in facts!)
        {
            Undo(decision, grain, fact, command, discount, isWhole, kept, now);
        }

        var before = state.Lines.IsEmpty ? 0 : redeemed.Discount - state.StandingMinorUnits;
        return EntityClearing.Reversed(
            turn, decision, tenant, facts, now, before, before + discount, redeemed.Discount);
    }

    private static void Undo(
        Decision decision,
        GrainId grain,
        object fact,
        ReverseCouponRedemption command,
        long discount,
        bool isWhole,
        IssueReserve? kept,
        NodaTime.Instant now)
    {
        var (id, reason, returnId) = (command.RedemptionId, command.Reason, command.ReturnId);
        switch (fact)
        {
            case OfferRedeemed redeemed when isWhole:
                decision.Change(grain, new OfferRedemptionReversed(id, discount, redeemed.Day, reason, returnId, now) { Reserve = kept });
                break;
            case OfferRedeemed:
                decision.Change(grain, new OfferRedemptionReduced(id, discount, reason, returnId, now));
                break;
            case UseRedeemed use when isWhole:
                decision.Change(grain, new UseReversed(id) { Period = use.Period });
                break;
            case CouponRedeemed when isWhole:
                decision.Change(grain, new CouponReversed(id, now) { Reserve = kept });
                break;
        }
    }

    // One commit may hold several redemptions of one order.
    private static bool IsOf(object fact, string redemption) => fact switch
    {
        OfferRedeemed redeemed => redeemed.Redemption == redemption,
        UseRedeemed use => use.Redemption == redemption,
        CouponRedeemed coupon => coupon.Redemption == redemption,
        EntityCleared cleared => cleared.Redemption == redemption,
        _ => true,
    };

    private static OfferRedeemed? Offered(IReadOnlyList<Change>? facts)
    {
        foreach (var (_, fact) in facts ?? [])
        {
            if (fact is OfferRedeemed redeemed) return redeemed;
        }

        return null;
    }

    private static Refusal Unknown(string redemptionId) =>
        Because(RefusalReason.RedemptionNotFound, ("redemption_id", redemptionId));
}
