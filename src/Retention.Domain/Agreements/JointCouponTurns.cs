using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>
/// Coupons of an agreement at the redeeming brand: coupon, caps and clearing account change in one commit.
/// The coupon's bearer redeems it; the redeeming tenant's customer is not told to the agreement.
/// </summary>
public static class JointCouponTurns
{
    public static Decision Validate(ITurn turn, Asker asker, string agreementId, RedeemCoupon command)
    {
        var desk = Opened(turn, asker, agreementId, command.Code);
        if (!turn.IsComplete) return Decision.Silent();
        if (Fault(desk, asker, command) is { Reason: not RefusalReason.CouponNotInCampaign } fault) return fault;

        var failing = Failing(desk, asker, agreementId, command, desk.Now);
        return Decision.With(new CouponValidation(
            failing.All, Discount(desk, command), desk.TillCurrency, "", agreementId));
    }

    public static Decision Redeem(ITurn turn, Asker asker, string agreementId, RedeemCoupon command)
    {
        var desk = Opened(turn, asker, agreementId, command.Code);

        // Asked only where something is reserved.
        var own = desk.Coupon.IsReservedAt(desk.Now) ? JointReservationTurns.OwnOf(turn, agreementId, command) : "";
        if (!turn.IsComplete) return Decision.Silent();
        if (Fault(desk, asker, command) is { } fault) return fault;
        if (command.ReservationId.Length > 0 && command.ReservationId != desk.Coupon.Reservation)
        {
            return Because(RefusalReason.ReservationNotFound, ("reservation_id", command.ReservationId));
        }

        var failing = Failing(desk, asker, agreementId, command, desk.Now, own);
        if (failing.Any) return failing.First();

        return Redeemed(desk, asker, agreementId, command, Discount(desk, command));
    }

    /// <summary>A coupon that nothing stands against.</summary>
    internal static Decision Redeemed(JointDesk desk, Asker asker, string agreementId, RedeemCoupon till, long discount) => Redeemed(
        desk, agreementId, till.RedemptionId, discount, DiscountSpread.Over(till.Basket?.Lines ?? [], discount), asker.EntityId);

    /// <param name="lines">How the discount lies on the basket; empty: the till told none.</param>
    internal static Decision Redeemed(
        JointDesk desk, string agreementId, string redemption, long discount, ImmutableArray<RedeemedLine> lines, string? entityId)
    {
        var redeemed = JointEntries.Redeem(desk, redemption, discount, entityId);
        var decision = Decision
            .With(new CouponRedemption(
                redemption,
                desk.CouponId,
                desk.FoundLeg.LegId,
                "",
                agreementId,
                discount,
                desk.TillCurrency,
                desk.Now))
            .Change(desk.CouponGrain, redeemed)
            .Change(desk.UseGrain, new JointUseClosed(desk.CouponId) { At = desk.Now });

        // Returned lines take their part of it back; the issuing brand is not told of them.
        if (!lines.IsEmpty)
        {
            decision.Change(AgreementGrains.RedemptionId(agreementId, redemption), new RedemptionSpread(lines, desk.Now));
        }

        // The return came while a stacked order held the coupon.
        if (desk.Coupon.IsTriggerReturned)
        {
            JointIssueTurns.ClawBack(desk with { Coupon = desk.Coupon.Evolve(redeemed) }, decision);
        }

        return JointNews.TellGone(desk, desk.Pen.Into(decision), JointCouponEnd.Redeemed);
    }

    /// <summary>Either party sees the coupon; nobody else does.</summary>
    public static Decision Get(ITurn turn, Asker asker, string agreementId, string code)
    {
        var desk = Opened(turn, asker, agreementId, code);
        if (!turn.IsComplete) return Decision.Silent();
        if (desk.Leg is not { } leg || AgreementTurns.SidesOf(desk.Agreement, asker).Count == 0)
        {
            return Because(RefusalReason.CouponNotFound);
        }

        return Decision.With(new CouponView(
            CouponCode.CouponId(desk.Code),
            desk.Code,
            "",
            "",
            agreementId,
            leg.Redeeming.BrandId,
            desk.Coupon.Status switch
            {
                JointCouponStatus.Redeemed => CouponStatus.Redeemed,
                JointCouponStatus.Voided => CouponStatus.Voided,
                _ => desk.Coupon.ExpiresAt <= desk.Now ? CouponStatus.Expired : CouponStatus.Open,
            },
            desk.Coupon.DiscountMinorUnits,
            desk.TillCurrency,
            desk.Coupon.ExpiresAt));
    }

    internal static Refusal? Fault(JointDesk desk, Asker asker, RedeemCoupon command)
    {
        if (command.Basket is { } basket && basket.Currency != asker.Currency)
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", asker.Currency));
        }

        // Unknown, another tenant's, and for the other side's shops: one answer.
        return IsRedeemers(desk, asker) ? null : Because(RefusalReason.CouponNotFound);
    }

    /// <param name="givenAt">When the till gave the discount.</param>
    /// <param name="reservation">The asker's own, which does not stand against it.</param>
    /// <param name="stack">The hold of the asker's own stacked order.</param>
    internal static Refusals Failing(
        JointDesk desk,
        Asker asker,
        string agreementId,
        RedeemCoupon command,
        Instant givenAt,
        string reservation = "",
        string stack = "")
    {
        var failing = default(Refusals);
        if (command.CampaignId.Length > 0 && command.CampaignId != agreementId)
        {
            failing.Add(RefusalReason.CouponNotInCampaign, ("campaign_id", command.CampaignId));
        }

        if (!desk.Person.IsFor(desk.FoundLeg, asker)) failing.Add(RefusalReason.NotTargeted);
        if (givenAt >= desk.Coupon.ExpiresAt)
        {
            failing.Add(RefusalReason.AfterEnd, ("end_time", desk.Coupon.ExpiresAt), ("time", givenAt));
        }

        if (desk.Coupon.Status == JointCouponStatus.Redeemed || desk.Stack == StackStanding.Decided)
        {
            failing.Add(RefusalReason.AlreadyRedeemed);
        }

        if (desk.Coupon.ReservedUntil is { } until && desk.Coupon.IsReservedAt(desk.Now) && desk.Coupon.Reservation != reservation)
        {
            failing.Add(RefusalReason.ReservedElsewhere, ("expire_time", until));
        }

        if (desk.Stack == StackStanding.Open && desk.Coupon.Hold is { } hold && hold.Redemption != stack)
        {
            failing.Add(RefusalReason.ReservedElsewhere, ("expire_time", hold.Until));
        }

        var isReturned = desk.Coupon is { Status: JointCouponStatus.Open, IsTriggerReturned: true };
        if (isReturned || desk.Coupon.Status == JointCouponStatus.Voided) failing.Add(RefusalReason.Voided);
        if (!desk.Person.MayShare) failing.Add(RefusalReason.ConsentMissing);
        if (desk.Coupon.Status == JointCouponStatus.Open && desk.LacksRate)
        {
            failing.Add(RefusalReason.RateMissing, ("source", desk.Terms.Fx!.Source), ("date", desk.Today.ToString("uuuu-MM-dd", null)));
        }

        return failing;
    }

    // Of a combination a coupon gives its part of it (ValidateCoupons).
    internal static long Discount(JointDesk desk, RedeemCoupon command)
    {
        var discount = command.Basket is { } basket
            ? Math.Min(desk.Coupon.DiscountMinorUnits, basket.TotalMinorUnits)
            : desk.Coupon.DiscountMinorUnits;
        return Math.Min(discount, command.DiscountMost ?? discount);
    }

    internal static bool IsRedeemers(JointDesk desk, Asker asker) =>
        desk.Leg is { } leg
        && leg.Redeeming.TenantId == asker.TenantId
        && (asker.BrandId.Length == 0 || asker.BrandId == leg.Redeeming.BrandId);

    internal static JointDesk Opened(ITurn turn, Asker asker, string agreementId, string typed) =>
        JointDesk.OfCode(turn, agreementId, CouponCode.Joint(typed) ?? "", asker.Now);
}
