using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Entities;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Coupons;

/// <param name="Till">All but the code, which is empty.</param>
/// <param name="RedemptionIds">What the redemption of each own code will be called.</param>
public sealed record RedeemStack(RedeemCoupon Till, ImmutableArray<string> Codes, ImmutableArray<string> RedemptionIds)
{
    /// <summary>Those of the codes that are joint coupons, by their places, as their agreements hold them.</summary>
    public ImmutableSortedDictionary<int, HeldJointCoupon> Joint { get; init; } = ImmutableSortedDictionary<int, HeldJointCoupon>.Empty;
}

/// <param name="Redemptions">In the order of their application, each with its code's place in the request.</param>
public sealed record StackRedemption(
    ImmutableArray<(int Position, CouponRedemption Redemption)> Redemptions, long DiscountMinorUnits, string Currency);

/// <summary>Redeems several codes for one order in one turn: all of them, each at its part of the best combination, or none.</summary>
public static class StackRedemptionTurns
{
    public static Decision Redeem(ITurn turn, RedeemStack command)
    {
        var basket = command.Till.Basket ?? throw new InvalidOperationException("Codes are stacked on a basket.");
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.Till.TenantId));
        var own = command.Codes
            .Select((code, position) => (Position: position, Till: command.Till with { Code = code, RedemptionId = command.RedemptionIds[position] }))
            .Where(one => !command.Joint.ContainsKey(one.Position))
            .Select(one => StackedOwn.Of(turn, one.Position, one.Till))
            .ToDictionary(one => one.Position);
        if (!turn.IsComplete) return Decision.Silent();
        var now = tenant.Now(turn.Time);
        for (var position = 0; position < command.Codes.Length; position++)
        {
            var fault = command.Joint.TryGetValue(position, out var held)
                ? Fault(held, now)
                : Fault(turn, own[position]);
            if (fault is not null) return At(fault, position);
        }

        var best = CouponStack.Best(
            [
                .. own.Values.Select(one => new StackItem(one.Position, one.Found.Offer))
                    .Concat(command.Joint.Select(one => Item(one.Key, one.Value, command.Till.BrandId, tenant)))
                    .OrderBy(item => item.Position),
            ],
            basket);
        if (best.Applied.Length < command.Codes.Length)
        {
            var left = Enumerable.Range(0, command.Codes.Length).Except(best.Applied.Select(item => item.Position)).First();
            return At(Refusal.Because(RefusalReason.ConditionNotMet, ("condition", "stacking")), left);
        }

        return Redeemed(turn, command, tenant, own, best, now);
    }

    private static Decision Redeemed(
        ITurn turn, RedeemStack command, TenantState tenant, Dictionary<int, StackedOwn> own, StackChoice best, Instant now)
    {
        var decision = Decision.Silent();
        var redemptions = ImmutableArray.CreateBuilder<(int, CouponRedemption)>(best.Applied.Length);
        foreach (var (position, given) in best.Applied)
        {
            redemptions.Add((position, command.Joint.TryGetValue(position, out var held)
                ? Joint(decision, command.Till, held, given, tenant, now)
                : Own(turn, decision, own[position], given)));
        }

        return turn.IsComplete
            ? decision.Answer(new StackRedemption(redemptions.MoveToImmutable(), best.MinorUnits, tenant.Currency))
            : Decision.Silent();
    }

    private static CouponRedemption Own(ITurn turn, Decision decision, StackedOwn one, long given)
    {
        var till = one.Till with { DiscountMost = given };
        var check = one.Found.Check(till, turn, one.Reservation);
        var redeemed = CouponTurns.Redeemed(till, one.Found, check);
        foreach (var (grain, fact) in redeemed.Changes)
        {
            decision.Change(grain, fact);
        }

        EntityClearing.Redeemed(turn, decision, one.Found, till, check.Discount, check.Now);
        return (CouponRedemption)redeemed.Reply!;
    }

    // The agreement is told in this commit, and carries it out whatever comes.
    private static CouponRedemption Joint(
        Decision decision, RedeemCoupon till, HeldJointCoupon held, long given, TenantState tenant, Instant now)
    {
        var decided = new StackDecided(
            held.RedemptionId,
            given,
            DiscountSpread.Over(till.Basket?.Lines ?? [], given),
            tenant.EntityOf(till.StoreId),
            now);
        decision
            .Change(
                OfferGrains.RedemptionId(till.TenantId, held.RedemptionId),
                new RedemptionStacked(held.AgreementId, given, now))
            .Send(JointMessages.ToAgreement(
                held.AgreementId, JointMessages.Stacked, decided, JointMessagesJson.Default.StackDecided));
        return new CouponRedemption(
            held.RedemptionId, held.CouponId, held.LegId, "", held.AgreementId, given, tenant.Currency, now);
    }

    private static StackItem Item(int position, HeldJointCoupon held, string brandId, TenantState tenant) =>
        new JointCode(position, held.AgreementId, held.CouponId, held.DiscountMinorUnits, []).Item(brandId, tenant.TimeZone);

    private static Refusal? Fault(ITurn turn, StackedOwn one)
    {
        if (one.Found.Fault(one.Till, turn) is { } fault) return fault;
        var failing = OfferConditionsCheck.Failing(one.Found.Check(one.Till, turn, one.Reservation));
        return failing.Any ? failing.First() : null;
    }

    // Held long ago, because the request was kept from going on: the till asks again, and it is held anew.
    private static Refusal? Fault(HeldJointCoupon held, Instant now)
    {
        if (now >= held.ExpiresAt)
        {
            return Refusal.Because(RefusalReason.AfterEnd, ("end_time", held.ExpiresAt), ("time", now));
        }

        return now + JointStackTurns.LeftToDecide >= held.Until
            ? Refusal.Because(RefusalReason.ReservedElsewhere, ("expire_time", held.Until))
            : null;
    }

    private static Refusal At(Refusal refusal, int position) =>
        refusal with { Details = refusal.Details.Add(new RefusalDetail("index", $"{position}")) };

    /// <param name="Reservation">That of the order, which does not stand against it; empty: none.</param>
    private sealed record StackedOwn(int Position, RedeemCoupon Till, FoundCoupon Found, string Reservation)
    {
        public static StackedOwn Of(ITurn turn, int position, RedeemCoupon till)
        {
            var found = CouponSearch.Find(turn, till);
            return new StackedOwn(position, till, found, OwnReservation.Of(turn, till, found).Id);
        }
    }
}
