using Retention.Domain.Customers;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Coupons;

/// <summary>What a code led to, or why to nothing; a unique coupon of another campaign than the till names is both.</summary>
/// <param name="CouponCode">Of a unique coupon; empty for a generic code.</param>
internal readonly record struct FoundCoupon(
    TenantState Tenant,
    Refusal? Unknown,
    OfferState State,
    OfferUseState? Use,
    bool IsTargeted,
    CouponState? Coupon,
    string CouponCode)
{
    /// <summary>The store's part, where the offer is limited per store and the till names one.</summary>
    public OfferUseState? Store { get; init; }

    /// <summary>The customer is known and no purchase of his was reported.</summary>
    public bool IsFirst { get; init; }

    public Offer Offer => State.Offer ?? throw new InvalidOperationException("A code leads to no offer.");

    public static FoundCoupon None(TenantState tenant, Refusal why) =>
        new(tenant, why, OfferState.Initial, null, false, null, "");

    /// <summary>Why the code is of no use, whatever the offer's conditions say; null: they decide.</summary>
    public Refusal? Fault(RedeemCoupon command, ITurn turn) => Unknown is { Reason: RefusalReason.CouponNotInCampaign }
        ? Failing(command, turn, "").First()
        : Unknown;

    /// <summary>All that fails, in the order in which a redemption refuses.</summary>
    public Refusals Failing(RedeemCoupon command, ITurn turn, string reservation)
    {
        var failing = default(Refusals);
        if (Unknown is { } unknown) failing.Add(unknown);
        return State.Offer is null ? failing : OfferConditionsCheck.Failing(Check(command, turn, reservation), failing);
    }

    public OfferCheck Check(RedeemCoupon command, ITurn turn, string reservation) => new(
        State,
        Use,
        IsTargeted,
        Coupon,
        command.StoreId,
        Store,
        IsFirst,
        command.Basket,
        AtMost(OfferDiscount.On(Offer, command.Basket), command.DiscountMost),
        reservation,
        OfferRules.Zone(Offer, Tenant),
        Tenant.Now(turn.Time));

    private static DiscountSeen AtMost(DiscountSeen seen, long? most) =>
        most is { } bound && bound < seen.MinorUnits ? seen with { MinorUnits = bound } : seen;
}

/// <summary>Finds the offer and the coupon that a typed code means. Refusals stand in the order that the protos document.</summary>
internal static class CouponSearch
{
    public static FoundCoupon Find(ITurn turn, RedeemCoupon command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        if (TillFault(turn, tenant, command) is { } fault) return FoundCoupon.None(tenant, fault);

        if (CouponCode.Own(command.Code) is not { } code) return FindGeneric(turn, tenant, command);

        // A generic or a partner's code may have the form of a unique one by chance.
        var coupon = FindCoupon(turn, tenant, command, code);
        return coupon.Unknown is { Reason: RefusalReason.CouponNotFound } && turn.IsComplete
            ? FindGeneric(turn, tenant, command)
            : coupon;
    }

    /// <summary>Why the till's own words are refused, whatever the coupon says; null: they are sound.</summary>
    public static Refusal? TillFault(ITurn turn, TenantState tenant, RedeemCoupon command)
    {
        if (command.Basket is { } basket && basket.Currency != tenant.Currency)
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", tenant.Currency));
        }

        if (command.StoreId.Length > 0 && !tenant.Stores.ContainsKey(command.StoreId))
        {
            return Because(RefusalReason.StoreNotFound, ("store_id", command.StoreId));
        }

        if (command.LacksTillIds && tenant.Program.Till.RequiresTillIds)
        {
            return Because(
                RefusalReason.FieldInvalid, ("field", "till_id"), ("rule", "required_by_require_till_ids"));
        }

        return command.CustomerId.Length > 0 && !turn.State<CustomerState>(CustomerGrain(command)).IsActive
            ? Because(RefusalReason.CustomerNotFound)
            : null;
    }

    private static FoundCoupon FindCoupon(ITurn turn, TenantState tenant, RedeemCoupon command, string code)
    {
        var coupon = turn.State<CouponState>(OfferGrains.CouponId(command.TenantId, code));
        if (!turn.IsComplete) return FoundCoupon.None(tenant, NotFound());
        if (!coupon.Exists && CouponCode.Own(code) == code)
        {
            coupon = CodeSeriesTurns.Find(turn, tenant, code, coupon) ?? coupon;
        }

        var isYours = coupon.CustomerId.Length == 0 || coupon.CustomerId == command.CustomerId;
        if (!coupon.Exists || !isYours) return FoundCoupon.None(tenant, NotFound());

        var state = turn.State<OfferState>(OfferGrains.OfferId(command.TenantId, coupon.OfferId));
        var found = Seen(turn, tenant, command, state, coupon, code);
        return command.CampaignId.Length > 0 && command.CampaignId != state.Offer?.CampaignId
            ? found with { Unknown = NotInCampaign(command.CampaignId) }
            : found;
    }

    private static FoundCoupon FindGeneric(ITurn turn, TenantState tenant, RedeemCoupon command)
    {
        var code = CouponCode.Generic(command.Code);
        var offers = turn.State<CodeState>(OfferGrains.CodeId(command.TenantId, code)).Offers;
        if (offers.IsEmpty) return FindCoupon(turn, tenant, command, code);
        if (command.CampaignId.Length == 0 && offers.Length > 1)
        {
            return FoundCoupon.None(tenant, OfferRules.Invalid("campaign_id", "required_where_a_code_stands_in_several"));
        }

        foreach (var offer in offers)
        {
            if (command.CampaignId.Length > 0 && command.CampaignId != offer.CampaignId) continue;
            var state = turn.State<OfferState>(OfferGrains.OfferId(command.TenantId, offer.OfferId));
            return Seen(turn, tenant, command, state, null, "");
        }

        return FoundCoupon.None(tenant, NotInCampaign(command.CampaignId));
    }

    // Everything that the offer's own terms make the turn look at.
    private static FoundCoupon Seen(
        ITurn turn, TenantState tenant, RedeemCoupon command, OfferState state, CouponState? coupon, string code)
    {
        if (state.Offer is not { } offer) return FoundCoupon.None(tenant, NotFound());
        var use = command.CustomerId.Length == 0
            ? null
            : turn.State<OfferUseState>(OfferGrains.UseId(command.TenantId, offer.OfferId, command.CustomerId));
        var isTargeted = OfferTargetTurns.IsTargeted(turn, command.TenantId, state, command.CustomerId);
        var store = offer.Limits.PerStore > 0 && command.StoreId.Length > 0
            ? turn.State<OfferUseState>(OfferGrains.StoreUseId(command.TenantId, offer.OfferId, command.StoreId))
            : null;
        var isFirst = offer.Conditions.FirstPurchase
            && command.CustomerId.Length > 0
            && turn.State<CustomerState>(CustomerGrain(command)).PurchaseCount == 0;
        return new FoundCoupon(tenant, null, state, use, isTargeted, coupon, code) { Store = store, IsFirst = isFirst };
    }

    private static GrainId CustomerGrain(RedeemCoupon command) =>
        CustomerGrains.Id(PartitionId.Tenant(command.TenantId), command.CustomerId);

    private static Refusal NotFound() => Because(RefusalReason.CouponNotFound);

    private static Refusal NotInCampaign(string campaignId) =>
        Because(RefusalReason.CouponNotInCampaign, ("campaign_id", campaignId));
}
