using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Entities;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Coupons;

/// <summary>Turns over coupons and generic codes of a chain's own offers. Joint coupons live with their agreement.</summary>
public static class CouponTurns
{
    public static Decision Validate(ITurn turn, RedeemCoupon command)
    {
        var found = CouponSearch.Find(turn, command);
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Unknown is { Reason: not RefusalReason.CouponNotInCampaign } unknown) return unknown;

        var failing = found.Failing(command, turn, "");
        return Decision.With(found.State.Offer is not { } offer
            ? new CouponValidation(failing.All, 0, found.Tenant.Currency, "", "")
            : new CouponValidation(
                failing.All, found.Check(command, turn, "").Discount, found.Tenant.Currency, offer.OfferId, "")
            {
                IsGiftCredit = offer.Discount.GiftCreditMinorUnits > 0,
            });
    }

    public static Decision Redeem(ITurn turn, RedeemCoupon command)
    {
        var found = CouponSearch.Find(turn, command);
        var own = OwnReservation.Of(turn, command, found);
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Fault(command, turn) is { } fault) return fault;
        if (own.Refusal is { } elsewhere) return elsewhere;

        var check = found.Check(command, turn, own.Id);
        var failing = OfferConditionsCheck.Failing(check);
        return failing.Any
            ? failing.First()
            : EntityClearing.Redeemed(
                turn, Redeemed(command, found, check), found, command, check.Discount, check.Now);
    }

    /// <summary>
    /// What a till's own tenant says of a joint coupon that it brings to an agreement: nothing but whether the
    /// till's basket, store and customer are sound, and who asks when.
    /// </summary>
    public static Decision Till(ITurn turn, RedeemCoupon command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var fault = CouponSearch.TillFault(turn, tenant, command);
        if (!turn.IsComplete) return Decision.Silent();
        return Decision.With(new JointTill(
            Asker.Of(tenant, command.BrandId, turn.Time) with { EntityId = tenant.EntityOf(command.StoreId) },
            [.. tenant.Agreements.Values],
            fault)
        {
            Order = command.OrderReservation is { } order ? CustomerReference.Order(tenant, order) : "",
        });
    }

    public static Decision Get(ITurn turn, RedeemCoupon command)
    {
        var found = CouponSearch.Find(turn, command);
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Unknown is { } unknown) return unknown;

        var now = found.Tenant.Now(turn.Time);
        return Decision.With(found.Coupon is { } coupon
            ? CouponViews.Own(found.CouponCode, coupon, found.State, found.Tenant, now)
            : CouponViews.Generic(found.Offer, found.Tenant, now));
    }

    /// <summary>The unique coupons bound to a customer, oldest first, and then his open joint coupons.</summary>
    public static Decision List(ITurn turn, string tenantId, string customerId)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        var customer = turn.State<CustomerState>(CustomerGrains.Id(PartitionId.Tenant(tenantId), customerId));
        var wallet = turn.State<WalletState>(OfferGrains.WalletId(tenantId, customerId));
        var held = wallet.Codes
            .Select(code => (Code: code, Coupon: turn.State<CouponState>(OfferGrains.CouponId(tenantId, code))))
            .ToList();
        var states = held
            .ConvertAll(item => turn.State<OfferState>(OfferGrains.OfferId(tenantId, item.Coupon.OfferId)));
        if (!turn.IsComplete) return Decision.Silent();

        if (!customer.IsActive) return Because(RefusalReason.CustomerNotFound);

        var now = tenant.Now(turn.Time);
        return Decision.With(held
            .Zip(states, (item, offer) => CouponViews.Own(item.Code, item.Coupon, offer, tenant, now))
            .Concat(JointWallet.Usable(customer.Wallet, now).Select(CouponViews.Joint))
            .ToImmutableArray());
    }

    internal static Decision Redeemed(RedeemCoupon command, FoundCoupon found, OfferCheck check)
    {
        var (offer, tenantId) = (found.Offer, command.TenantId);
        var reservation = check.Reservation.Length > 0 ? check.Reservation : null;
        var grain = OfferGrains.OfferId(tenantId, offer.OfferId);
        LocalDate? day = offer.Limits.PerDay > 0 ? check.Today : null;
        var decision = Decision.With(new CouponRedemption(
                command.RedemptionId,
                found.CouponCode.Length > 0 ? CouponCode.CouponId(found.CouponCode) : "",
                offer.OfferId,
                offer.CampaignId,
                "",
                check.Discount,
                found.Tenant.Currency,
                check.Now,
                offer.Discount.GiftCreditMinorUnits > 0))
            .Change(
                grain,
                new OfferRedeemed(command.RedemptionId, command.CustomerId, check.Discount, day, check.Now)
                {
                    Reservation = reservation,
                    Unreserved = check.Coupon?.Reserve is { } kept ? kept with { MinorUnits = check.OwnReserve } : null,
                });
        if (command.CustomerId.Length > 0)
        {
            decision.Change(
                OfferGrains.UseId(tenantId, offer.OfferId, command.CustomerId),
                new UseRedeemed(command.RedemptionId)
                {
                    Reservation = reservation,
                    Period = offer.Limits.PerCustomerPeriod > 0 ? offer.Limits.Period.StartOf(check.Today) : null,
                });
        }

        if (check.Store is not null)
        {
            decision.Change(
                OfferGrains.StoreUseId(tenantId, offer.OfferId, command.StoreId),
                new UseRedeemed(command.RedemptionId) { Reservation = reservation });
        }

        if (found.CouponCode.Length > 0)
        {
            decision.Change(
                OfferGrains.CouponId(tenantId, found.CouponCode),
                new CouponRedeemed(command.RedemptionId, check.Discount, check.Now));
        }

        OfferBudget.Watched(decision, grain, found.State, check.Discount, -check.OwnReserve, check.Now);
        var lines = DiscountSpread.Over(check.Seen.Lines, check.Discount, check.Basket?.Lines ?? []);
        return lines.IsEmpty ? decision : decision.Change(
            OfferGrains.RedemptionId(tenantId, command.RedemptionId), new RedemptionSpread(lines, check.Now));
    }
}
