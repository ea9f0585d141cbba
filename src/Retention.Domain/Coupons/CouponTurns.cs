using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
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
        var found = Find(turn, command);
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Unknown is { Reason: RefusalReason.CouponNotInCampaign } elsewhere)
        {
            return Decision.With(new CouponValidation([elsewhere], 0, found.Tenant.Currency, "", ""));
        }

        if (found.Unknown is { } unknown) return unknown;

        var check = found.Check(command, turn);
        var failing = OfferConditionsCheck.Failing(check);
        return Decision.With(new CouponValidation(
            failing.All, check.Discount, found.Tenant.Currency, found.Offer.OfferId, ""));
    }

    public static Decision Redeem(ITurn turn, RedeemCoupon command)
    {
        var found = Find(turn, command);
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Unknown is { } unknown) return unknown;

        var check = found.Check(command, turn);
        var failing = OfferConditionsCheck.Failing(check);
        if (failing.Any) return failing.First();

        var offer = found.Offer;
        LocalDate? day = offer.Limits.PerDay > 0 ? check.Now.InZone(check.Zone).Date : null;
        var decision = Decision.With(new CouponRedemption(
                command.RedemptionId,
                found.CouponCode.Length > 0 ? CouponCode.CouponId(found.CouponCode) : "",
                offer.OfferId,
                offer.CampaignId,
                "",
                check.Discount,
                found.Tenant.Currency,
                check.Now))
            .Change(
                OfferGrains.OfferId(command.TenantId, offer.OfferId),
                new OfferRedeemed(command.RedemptionId, command.CustomerId, check.Discount, day, check.Now));
        if (command.CustomerId.Length > 0)
        {
            decision.Change(
                OfferGrains.UseId(command.TenantId, offer.OfferId, command.CustomerId),
                new UseRedeemed(command.RedemptionId));
        }

        return found.CouponCode.Length == 0 ? decision : decision.Change(
            OfferGrains.CouponId(command.TenantId, found.CouponCode),
            new CouponRedeemed(command.RedemptionId, check.Discount, check.Now));
    }

    /// <summary>
    /// What a till's own tenant says of a joint coupon that it brings to an agreement: nothing but whether the
    /// till's basket, store and customer are sound, and who asks when.
    /// </summary>
    public static Decision Till(ITurn turn, RedeemCoupon command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var fault = TillFault(turn, tenant, command);
        if (!turn.IsComplete) return Decision.Silent();
        return Decision.With(new JointTill(
            Asker.Of(tenant, command.BrandId, turn.Time) with { EntityId = tenant.EntityOf(command.StoreId) },
            [.. tenant.Agreements.Values],
            fault));
    }

    /// <summary>Gives back count, budget and the customer's use, whenever it comes.</summary>
    public static Decision Reverse(ITurn turn, ReverseCouponRedemption command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        if (RedemptionId.Key(command.RedemptionId) is not { } key) return Unknown(command.RedemptionId);
        var facts = turn.Recorded(key);
        if (!turn.IsComplete) return Decision.Silent();

        var partition = PartitionId.Tenant(command.TenantId);
        var now = tenant.Now(turn.Time);
        Decision? decision = null;
        foreach (var (grain, fact) in facts ?? [])
        {
            if (grain.Partition != partition) return Unknown(command.RedemptionId);
            if (fact is OfferRedeemed redeemed)
            {
                decision = Decision.With(new CouponReversal(
                    command.RedemptionId, redeemed.Discount, tenant.Currency, true, now));
                decision.Change(grain, new OfferRedemptionReversed(
                    command.RedemptionId, redeemed.Discount, redeemed.Day, command.Reason, command.ReturnId, now));
            }
            else if (fact is UseRedeemed)
            {
                decision?.Change(grain, new UseReversed(command.RedemptionId));
            }
            else if (fact is CouponRedeemed)
            {
                decision?.Change(grain, new CouponReversed(command.RedemptionId, now));
            }
        }

        return decision ?? Unknown(command.RedemptionId);
    }

    public static Decision Get(ITurn turn, RedeemCoupon command)
    {
        var found = Find(turn, command);
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

    private static Found Find(ITurn turn, RedeemCoupon command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        if (TillFault(turn, tenant, command) is { } fault) return Found.None(tenant, fault);

        return CouponCode.Own(command.Code) is { } code
            ? FindCoupon(turn, tenant, command, code)
            : FindGeneric(turn, tenant, command);
    }

    private static Found FindCoupon(ITurn turn, TenantState tenant, RedeemCoupon command, string code)
    {
        var coupon = turn.State<CouponState>(OfferGrains.CouponId(command.TenantId, code));
        var isYours = coupon.CustomerId.Length == 0 || coupon.CustomerId == command.CustomerId;
        if (!coupon.Exists || !isYours) return Found.None(tenant, NotFound());

        var state = turn.State<OfferState>(OfferGrains.OfferId(command.TenantId, coupon.OfferId));
        return command.CampaignId.Length > 0 && command.CampaignId != state.Offer?.CampaignId
            ? Found.None(tenant, NotInCampaign(command.CampaignId))
            : new Found(
                tenant, null, state, Use(turn, command, coupon.OfferId), Targeted(turn, command, state), coupon, code);
    }

    private static Found FindGeneric(ITurn turn, TenantState tenant, RedeemCoupon command)
    {
        var code = CouponCode.Generic(command.Code);
        var offers = turn.State<CodeState>(OfferGrains.CodeId(command.TenantId, code)).Offers;
        if (offers.IsEmpty) return Found.None(tenant, NotFound());
        if (command.CampaignId.Length == 0 && offers.Length > 1)
        {
            return Found.None(tenant, OfferRules.Invalid("campaign_id", "required_where_a_code_stands_in_several"));
        }

        foreach (var offer in offers)
        {
            if (command.CampaignId.Length > 0 && command.CampaignId != offer.CampaignId) continue;
            var state = turn.State<OfferState>(OfferGrains.OfferId(command.TenantId, offer.OfferId));
            return new Found(
                tenant, null, state, Use(turn, command, offer.OfferId), Targeted(turn, command, state), null, "");
        }

        return Found.None(tenant, NotInCampaign(command.CampaignId));
    }

    private static OfferUseState? Use(ITurn turn, RedeemCoupon command, string offerId) => command.CustomerId.Length == 0
        ? null
        : turn.State<OfferUseState>(OfferGrains.UseId(command.TenantId, offerId, command.CustomerId));

    private static bool Targeted(ITurn turn, RedeemCoupon command, OfferState state) =>
        OfferTargetTurns.IsTargeted(turn, command.TenantId, state, command.CustomerId);

    private static Refusal? TillFault(ITurn turn, TenantState tenant, RedeemCoupon command)
    {
        if (command.Basket is { } basket && basket.Currency != tenant.Currency)
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", tenant.Currency));
        }

        if (command.StoreId.Length > 0 && !tenant.Stores.ContainsKey(command.StoreId))
        {
            return Because(RefusalReason.StoreNotFound, ("store_id", command.StoreId));
        }

        return command.CustomerId.Length > 0 && !turn.State<CustomerState>(CustomerGrain(command)).IsActive
            ? Because(RefusalReason.CustomerNotFound)
            : null;
    }

    private static GrainId CustomerGrain(RedeemCoupon command) =>
        CustomerGrains.Id(PartitionId.Tenant(command.TenantId), command.CustomerId);

    private static Refusal NotFound() => Because(RefusalReason.CouponNotFound);

    private static Refusal NotInCampaign(string campaignId) =>
        Because(RefusalReason.CouponNotInCampaign, ("campaign_id", campaignId));

    private static Refusal Unknown(string redemptionId) =>
        Because(RefusalReason.RedemptionNotFound, ("redemption_id", redemptionId));

    /// <summary>What a code led to, or why to nothing.</summary>
    private readonly record struct Found(
        TenantState Tenant,
        Refusal? Unknown,
        OfferState State,
        OfferUseState? Use,
        bool IsTargeted,
        CouponState? Coupon,
        string CouponCode)
    {
        public Offer Offer => State.Offer ?? throw new InvalidOperationException("A code leads to no offer.");

        public static Found None(TenantState tenant, Refusal why) =>
            new(tenant, why, OfferState.Initial, null, false, null, "");

        public OfferCheck Check(RedeemCoupon command, ITurn turn) => new(
            State,
            Use,
            IsTargeted,
            Coupon,
            command.StoreId,
            command.Basket,
            Offer.Discount.On(command.Basket?.TotalMinorUnits),
            OfferRules.Zone(Offer, Tenant),
            Tenant.Now(turn.Time));
    }
}
