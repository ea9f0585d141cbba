using System.Collections.Immutable;
using Retention.Domain.Entities;
using Retention.Domain.Offers;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <param name="Till">All but the code, which is empty.</param>
/// <param name="RedemptionIds">What the redemption of each code will be called.</param>
public sealed record RedeemStack(RedeemCoupon Till, ImmutableArray<string> Codes, ImmutableArray<string> RedemptionIds);

/// <param name="Redemptions">In the order of their application, each with its code's place in the request.</param>
public sealed record StackRedemption(
    ImmutableArray<(int Position, CouponRedemption Redemption)> Redemptions, long DiscountMinorUnits, string Currency);

/// <summary>Redeems several codes for one order in one turn: all of them, each at its part of the best combination, or none.</summary>
public static class StackRedemptionTurns
{
    public static Decision Redeem(ITurn turn, RedeemStack command)
    {
        var basket = command.Till.Basket ?? throw new InvalidOperationException("Codes are stacked on a basket.");
        var tills = command.Codes.Zip(
            command.RedemptionIds, (code, id) => command.Till with { Code = code, RedemptionId = id }).ToList();
        var found = tills.ConvertAll(till => CouponSearch.Find(turn, till));
        var owns = tills.Zip(found, (till, one) => OwnReservation.Of(turn, till, one).Id).ToList();
        if (!turn.IsComplete) return Decision.Silent();
        for (var position = 0; position < found.Count; position++)
        {
            if (Fault(turn, tills[position], found[position], owns[position]) is { } fault)
            {
                return fault with { Details = fault.Details.Add(new RefusalDetail("index", $"{position}")) };
            }
        }

        var best = CouponStack.Best([.. found.Select((one, position) => new StackItem(position, one.Offer))], basket);
        if (best.Applied.Length < found.Count)
        {
            var left = Enumerable.Range(0, found.Count).Except(best.Applied.Select(item => item.Position)).First();
            return Refusal.Because(RefusalReason.ConditionNotMet, ("condition", "stacking"), ("index", left));
        }

        return Redeemed(turn, tills, found, owns, best);
    }

    private static Decision Redeemed(
        ITurn turn, List<RedeemCoupon> tills, List<FoundCoupon> found, List<string> owns, StackChoice best)
    {
        var decision = Decision.Silent();
        var redemptions = ImmutableArray.CreateBuilder<(int, CouponRedemption)>(found.Count);
        foreach (var (position, given) in best.Applied)
        {
            var (one, till) = (found[position], tills[position] with { DiscountMost = given });
            var check = one.Check(till, turn, owns[position]);
            var redeemed = CouponTurns.Redeemed(till, one, check);
            redemptions.Add((position, (CouponRedemption)redeemed.Reply!));
            foreach (var (grain, fact) in redeemed.Changes)
            {
                decision.Change(grain, fact);
            }

            EntityClearing.Redeemed(turn, decision, one, till, check.Discount, check.Now);
        }

        return turn.IsComplete
            ? decision.Answer(new StackRedemption(redemptions.MoveToImmutable(), best.MinorUnits, found[0].Tenant.Currency))
            : Decision.Silent();
    }

    private static Refusal? Fault(ITurn turn, RedeemCoupon till, FoundCoupon found, string own)
    {
        if (found.Unknown is { } unknown) return unknown;
        var failing = OfferConditionsCheck.Failing(found.Check(till, turn, own));
        return failing.Any ? failing.First() : null;
    }
}
