using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Entities;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Offline;

/// <summary>Coupons of a chain's own offers at tills without the network. Refusals stand in the order that the protos document.</summary>
public static class OfflineTurns
{
    /// <summary>The text that a till needs of the coupon, and the tenant's key to sign it with.</summary>
    public static Decision ToSign(ITurn turn, RedeemCoupon command)
    {
        var found = CouponSearch.Find(turn, command);
        var keys = turn.State<SigningKeysState>(OfflineGrains.Keys(command.TenantId));
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Unknown is { } unknown) return unknown;
        if (keys.Signing is not { } key) return Because(RefusalReason.SigningKeyNotFound);
        if (Of(found.Offer) is not { } discount) return OfferRules.Invalid("code", "amount_or_share_of_the_whole_basket");

        var (offer, zone) = (found.Offer, OfferRules.Zone(found.Offer, found.Tenant));
        return Decision.With(new CouponToSign(
            new SignedCoupon(
                key.KeyId,
                command.TenantId,
                found.CouponCode.Length > 0 ? found.CouponCode : offer.Code,
                offer.OfferId,
                "",
                found.Coupon?.CustomerId ?? "",
                offer.Validity.StartsAt(zone),
                OfferConditionsCheck.Earliest(offer.Validity.EndsBefore(zone), found.Coupon?.ExpiresAt),
                found.Tenant.Currency,
                discount,
                offer.Conditions.MinimumBasketMinorUnits),
            key));
    }

    /// <summary>
    /// Redeems what a till gave, judged by the till's time for validity and by now for everything that is counted; the
    /// discount is the one that was signed. What cannot become a redemption is recorded as a conflict.
    /// </summary>
    public static Decision Capture(ITurn turn, CaptureOffline command)
    {
        var till = command.Till;
        var found = CouponSearch.Find(turn, till);
        var own = OwnReservation.Of(turn, till, found);
        var partition = PartitionId.Tenant(till.TenantId);
        var head = turn.State<OfflineBookState>(OfflineGrains.Head(partition));
        if (!turn.IsComplete) return Decision.Silent();
        if (command.Fault is { } fault) return fault;
        if (found.Unknown is { } unknown) return unknown;

        var now = found.Tenant.Now(turn.Time);
        if (command.Signed is not { } signed || signed.OfferId != found.Offer.OfferId) return OfflineCaptures.Tampered();
        if (OfflineCaptures.TimeFault(command, now) is { } future) return future;

        var isLacking = signed.Discount.ShareBps > 0 && till.Basket is null;
        var check = found.Check(till, turn, own.Id) with
        {
            Seen = new DiscountSeen(
                signed.Discount.On(till.Basket?.TotalMinorUnits), till.Basket?.Lines ?? [], isLacking ? "basket" : null),
            JudgedAt = command.TillAt,
        };
        var failing = OfferConditionsCheck.Failing(check);
        OfflineCaptures.Late(command, found.Offer.Offline ?? OfflineTerms.Default, now, ref failing);
        if (!failing.Any)
        {
            var redeemed = CouponTurns.Redeemed(till, found, check);
            return OfflineCaptures.Accepted(
                EntityClearing.Redeemed(turn, redeemed, found, till, check.Discount, now), command, partition);
        }

        var couponId = found.CouponCode.Length > 0 ? CouponCode.CouponId(found.CouponCode) : "";
        return OfflineCaptures.Conflicted(
            OfflineCaptures.Conflict(command, couponId, found.Offer.OfferId, failing, check.Discount, LossParty.Tenant, now),
            head,
            partition,
            found.Tenant.Currency);
    }

    public static Decision Report(ITurn turn, string tenantId, int from, int limit)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        return OfflineCaptures.Report(turn, PartitionId.Tenant(tenantId), tenant.Currency, from, limit);
    }

    // Other kinds need the offer's lists of products at the till.
    private static Discount? Of(Offer offer)
    {
        var (discount, terms) = (offer.Discount, offer.Offline ?? OfflineTerms.Default);
        if (discount.OnMatchingLines || (discount.AmountMinorUnits == 0 && discount.ShareBps == 0)) return null;

        var cap = discount.ShareBps == 0 ? 0
            : discount.CapMinorUnits == 0 ? terms.CeilingMinorUnits
            : terms.Bounded(discount.CapMinorUnits);
        return new Discount(terms.Bounded(discount.AmountMinorUnits), discount.ShareBps, cap);
    }
}
