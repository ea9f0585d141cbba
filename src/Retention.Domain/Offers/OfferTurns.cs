using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Offers;

/// <summary>Turns over a chain's own offers. Refusals stand in the order that the protos document.</summary>
public static class OfferTurns
{
    public static Decision Create(ITurn turn, CreateOffer command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var offer = command.Offer with { Code = CouponCode.Generic(command.Offer.Code) };
        var (offerId, codeId) = (
            OfferGrains.OfferId(command.TenantId, offer.OfferId), OfferGrains.CodeId(command.TenantId, offer.Code));
        var state = turn.State<OfferState>(offerId);
        var code = turn.State<CodeState>(codeId);
        var isCoupon = turn.Version(OfferGrains.CouponId(command.TenantId, offer.Code)) > 0;
        var head = OfferGrains.DirectoryHead(command.TenantId);
        var count = turn.State<OfferDirectoryState>(head).Count;
        if (!turn.IsComplete) return Decision.Silent();

        if (OfferRules.Fault(offer) is { } fault) return fault;
        if (command.Currency.Length > 0 && command.Currency != tenant.Currency)
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", tenant.Currency));
        }

        if (UnknownPlace(tenant, offer) is { } unknown) return unknown;
        if (state.Offer is not null) return Because(RefusalReason.OfferExists, ("offer_id", offer.OfferId));
        if (offer.Kind == OfferKind.GenericCode && (isCoupon || Stands(code, offer.CampaignId)))
        {
            return Because(RefusalReason.OfferExists, ("code", offer.Code), ("campaign_id", offer.CampaignId));
        }

        if (code.Offers.Length >= CodeState.OffersMax) return TooMany("offers_per_code", CodeState.OffersMax);
        if (count >= OfferDirectoryState.OffersMax) return TooMany("offers", OfferDirectoryState.OffersMax);

        var created = new OfferCreated(offer, tenant.Now(turn.Time));
        var decision = Decision.With(new OfferView(state.Evolve(created), tenant.Currency, tenant.Now(turn.Time)))
            .Change(offerId, created)
            .Change(head, new OfferCounted())
            .Change(
                OfferGrains.DirectoryPage(command.TenantId, count / OfferDirectoryState.PageSize),
                new OfferListed(offer.OfferId));
        return offer.Kind == OfferKind.GenericCode
            ? decision.Change(codeId, new CodeOffered(offer.OfferId, offer.CampaignId))
            : decision;
    }

    /// <summary>From draft or pause. An offer that is active already stays as it is.</summary>
    public static Decision Activate(ITurn turn, string tenantId, string offerId) =>
        Switch(turn, tenantId, offerId, OfferStatus.Active, at => new OfferActivated(at));

    /// <summary>An offer that is paused already stays as it is; a draft cannot be paused.</summary>
    public static Decision Pause(ITurn turn, string tenantId, string offerId) =>
        Switch(turn, tenantId, offerId, OfferStatus.Paused, at => new OfferPaused(at));

    public static Decision Get(ITurn turn, string tenantId, string offerId)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        var state = turn.State<OfferState>(OfferGrains.OfferId(tenantId, offerId));
        return state.Offer is null ? Unknown(offerId) : Decision.With(new OfferView(state, tenant.Currency, tenant.Now(turn.Time)));
    }

    /// <summary>Offers in the order of their making, from the index on (0-based).</summary>
    public static Decision List(ITurn turn, string tenantId, int fromIndex, int limit)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        var count = turn.State<OfferDirectoryState>(OfferGrains.DirectoryHead(tenantId)).Count;
        var end = Math.Min(count, fromIndex + limit);
        var offers = ImmutableArray.CreateBuilder<OfferView>();
        for (var index = fromIndex; index < end; index++)
        {
            var page = OfferGrains.DirectoryPage(tenantId, index / OfferDirectoryState.PageSize);
            var ids = turn.State<OfferDirectoryState>(page).OfferIds;
            if (!turn.IsComplete) return Decision.Silent();

            var offerId = ids[index % OfferDirectoryState.PageSize];
            var state = turn.State<OfferState>(OfferGrains.OfferId(tenantId, offerId));
            offers.Add(new OfferView(state, tenant.Currency, tenant.Now(turn.Time)));
        }

        return Decision.With(new OfferPage(offers.ToImmutable(), end < count ? end : null));
    }

    public static Decision Issue(ITurn turn, IssueCoupons command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var offerId = OfferGrains.OfferId(command.TenantId, command.OfferId);
        var walletId = OfferGrains.WalletId(command.TenantId, command.CustomerId);
        var state = turn.State<OfferState>(offerId);
        var wallet = turn.State<WalletState>(walletId);
        var isHeld = command.CustomerId.Length > 0;
        var isHolderKnown = isHeld && turn.State<CustomerState>(
            CustomerGrains.Id(PartitionId.Tenant(command.TenantId), command.CustomerId)).IsActive;
        var codes = command.Codes.Select(code => CouponCode.Under(state.Offer?.CodePrefix ?? "", code)).ToImmutableArray();
        var coupons = codes.Select(code => OfferGrains.CouponId(command.TenantId, code)).ToList();
        var isFresh = coupons.TrueForAll(coupon => turn.Version(coupon) == 0);
        if (!turn.IsComplete) return Decision.Silent();

        if (command.Codes.Length > IssueCoupons.CouponsMax) return TooMany("count", IssueCoupons.CouponsMax);
        if (CodeSeriesTurns.IssueFault(state, command.OfferId) is { } fault) return fault;
        if (wallet.Codes.Length >= WalletState.CodesMax) return TooMany("coupons_per_customer", WalletState.CodesMax);
        if (isHeld && !isHolderKnown) return Because(RefusalReason.CustomerNotFound);
        if (!isFresh) throw new InvalidOperationException("Fresh randomness gave a code that exists.");

        return Issued(command with { Codes = codes }, state, tenant, tenant.Now(turn.Time), coupons, walletId);
    }

    /// <summary>Counts issued coupons and what the budget keeps for them.</summary>
    internal static Decision Counted(
        Decision decision, GrainId offer, OfferState state, int count, IssueReserve? each, Instant now)
    {
        var all = each is null ? null : each with { MinorUnits = each.MinorUnits * count };
        decision.Change(offer, new OfferCouponsIssued(count, now) { Reserve = all });
        return OfferBudget.Watched(decision, offer, state, 0, all?.At(now) ?? 0, now);
    }

    private static Decision Issued(
        IssueCoupons command,
        OfferState state,
        TenantState tenant,
        Instant now,
        List<GrainId> coupons,
        GrainId walletId)
    {
        var offer = state.Offer ?? throw new InvalidOperationException("There is no offer to issue of.");
        var zone = OfferRules.Zone(offer, tenant);
        var expiresAt = OfferRules.CouponEnd(offer, now, zone);
        var (each, exhausted) = OfferBudget.ForIssue(state, coupons.Count, expiresAt, zone, now);
        if (exhausted is not null) return exhausted;

        var issued = new CouponIssued(offer.OfferId, command.CustomerId, expiresAt, now) { Reserve = each };
        var decision = Decision.With(new CouponsIssued(
            [.. command.Codes.Select(code => CouponViews.Own(code, CouponState.Initial.Evolve(issued), state, tenant, now))]));
        Counted(decision, OfferGrains.OfferId(command.TenantId, offer.OfferId), state, coupons.Count, each, now);
        for (var i = 0; i < coupons.Count; i++)
        {
            decision.Change(coupons[i], issued);
            if (command.CustomerId.Length > 0) decision.Change(walletId, new WalletFilled(command.Codes[i]));
        }

        return decision;
    }

    private static Decision Switch(
        ITurn turn, string tenantId, string offerId, OfferStatus wanted, Func<Instant, OfferFact> fact)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        var grain = OfferGrains.OfferId(tenantId, offerId);
        var state = turn.State<OfferState>(grain);
        if (!turn.IsComplete) return Decision.Silent();
        if (state.Offer is null) return Unknown(offerId);
        if (state.Status == wanted) return Decision.With(new OfferView(state, tenant.Currency, tenant.Now(turn.Time)));
        if (wanted == OfferStatus.Paused && state.Status == OfferStatus.Draft) return NotActive(state);

        var changed = fact(tenant.Now(turn.Time));
        return Decision.With(new OfferView(state.Evolve(changed), tenant.Currency, tenant.Now(turn.Time))).Change(grain, changed);
    }

    internal static Refusal? UnknownPlace(TenantState tenant, Offer offer)
    {
        if (offer.BrandId.Length > 0 && !tenant.Brands.ContainsKey(offer.BrandId))
        {
            return Because(RefusalReason.BrandNotFound, ("brand_id", offer.BrandId));
        }

        foreach (var store in offer.Conditions.StoreIds)
        {
            if (!tenant.Stores.ContainsKey(store)) return Because(RefusalReason.StoreNotFound, ("store_id", store));
        }

        return offer.Funding is { EntityId.Length: > 0 } funding && !tenant.Entities.ContainsKey(funding.EntityId)
            ? Because(RefusalReason.LegalEntityNotFound, ("entity_id", funding.EntityId))
            : null;
    }

    private static bool Stands(CodeState code, string campaignId)
    {
        foreach (var offer in code.Offers)
        {
            if (offer.CampaignId == campaignId) return true;
        }

        return false;
    }

    private static Refusal Unknown(string offerId) => Because(RefusalReason.OfferNotFound, ("offer_id", offerId));

    private static Refusal NotActive(OfferState state) =>
        Because(RefusalReason.OfferNotActive, ("status", state.Status));

    private static Refusal TooMany(string limit, int max) =>
        Because(RefusalReason.LimitTooMany, ("limit", limit), ("maximum", max));
}
