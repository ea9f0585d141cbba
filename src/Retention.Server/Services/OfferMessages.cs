using NodaTime;
using NodaTime.Text;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Server.Rpc;
using Money = Retention.Kernel.Money;

namespace Retention.Server.Services;

/// <summary>Offers between the wire and the domain.</summary>
internal static class OfferMessages
{
    private const int FieldsMax = 20;

    /// <summary>The offer as it was asked for, and the one currency that its amounts name (empty: none).</summary>
    public static CreateOffer ToCommand(this V1.CreateOfferRequest request, string tenantId)
    {
        if (request.Offer is not { } offer) throw RequestField.Invalid("offer", "required");

        var offerId = RequestField.OptionalId(offer.OfferId, "offer.offer_id") ?? "off_" + request.RequestId;
        var amounts = new OfferAmounts();
        return new CreateOffer(tenantId, ToDomain(offer, offerId, amounts), amounts.Currency);
    }

    public static UpdateOffer ToCommand(this V1.UpdateOfferRequest request, string tenantId)
    {
        if (request.Offer is not { } offer) throw RequestField.Invalid("offer", "required");
        if (request.UpdateMask is not { Paths.Count: > 0 }) throw RequestField.Invalid("update_mask", "required");

        var amounts = new OfferAmounts();
        return new UpdateOffer(
            tenantId,
            RequestField.Id(request.OfferId, "offer_id"),
            ToDomain(offer, request.OfferId, amounts),
            [.. RequestField.AtMost(request.UpdateMask.Paths, "update_mask", FieldsMax)],
            TenantMessages.VersionOf(request.Etag),
            amounts.Currency);
    }

    public static V1.Offer ToProto(this OfferView view)
    {
        var (state, currency, now) = view;
        var offer = state.Offer ?? throw new InvalidOperationException("There is no offer to show.");
        return new V1.Offer
        {
            OfferId = offer.OfferId,
            CampaignId = offer.CampaignId,
            BrandId = offer.BrandId,
            Kind = (V1.OfferKind)offer.Kind,
            Code = offer.Code,
            Discount = offer.Discount.ToProto(currency),
            Conditions = offer.Conditions.ToProto(currency),
            Limits = offer.Limits.ToProto(currency),
            Validity = new V1.OfferValidity
            {
                StartDate = Day(offer.Validity.StartOn),
                EndDate = Day(offer.Validity.EndOn),
                TimeZone = offer.Validity.TimeZone,
                DaysAfterIssue = offer.Validity.DaysAfterIssue,
            },
            Budget = OfferTerms.Amount(offer.BudgetMinorUnits, currency),
            Status = (V1.OfferStatus)state.Status,
            TargetCount = state.TargetCount,
            IssuedCount = state.IssuedCount,
            RedeemedCount = state.RedeemedCount,
            DiscountGiven = new Money(currency, state.DiscountMinorUnits).ToProto(),
            CodePrefix = offer.CodePrefix ?? "",
            EntityFunding = offer.Funding is { } funding
                ? new V1.OfferEntityFunding { EntityId = funding.EntityId, ShareBps = funding.ShareBps }
                : null,
            Offline = offer.Offline.ToProto(currency),
            Etag = $"v{offer.Version}",
            BudgetPercent = state.BudgetPercent,
            PausedByBudget = state.IsPausedByBudget,
            BudgetMode = offer.ReservesAtIssue ? V1.BudgetMode.AtIssue : V1.BudgetMode.AtRedemption,
            BudgetReserved = new Money(currency, state.Reserves.At(now)).ToProto(),
            Stacking = offer.Stacking is { } stacking
                ? new V1.OfferStacking
                {
                    Exclusive = stacking.IsExclusive,
                    Category = stacking.Category,
                    Order = stacking.Order,
                    MaximumTotal = OfferTerms.Amount(stacking.MaximumTotalMinorUnits, currency),
                    Floor = OfferTerms.Amount(stacking.FloorMinorUnits, currency),
                }
                : null,
        };
    }

    private static Offer ToDomain(V1.Offer offer, string offerId, OfferAmounts amounts) => new(
        offerId,
        RequestField.OptionalText(offer.CampaignId, "offer.campaign_id", OfferTerms.TextMax),
        RequestField.OptionalId(offer.BrandId, "offer.brand_id") ?? "",
        KindOf(offer),
        RequestField.OptionalText(offer.Code, "offer.code", CouponCode.GenericLengthMax),
        (offer.Discount ?? new V1.Discount()).ToDomain(amounts),
        (offer.Conditions ?? new V1.OfferConditions()).ToDomain(amounts),
        (offer.Limits ?? new V1.OfferLimits()).ToDomain(amounts),
        ValidityOf(offer.Validity ?? new V1.OfferValidity()),
        amounts.Read(offer.Budget, "offer.budget"))
    {
        CodePrefix = offer.CodePrefix.Length > 0 ? offer.CodePrefix : null,
        Offline = offer.Offline.ToDomain(amounts),
        ReservesAtIssue = Enum.IsDefined(offer.BudgetMode)
            ? offer.BudgetMode == V1.BudgetMode.AtIssue
            : throw RequestField.Invalid("offer.budget_mode", "known"),
        Funding = offer.EntityFunding is { } funding
            ? new OfferFunding(
                RequestField.OptionalId(funding.EntityId, "offer.entity_funding.entity_id") ?? "",
                RequestField.Between(funding.ShareBps, "offer.entity_funding.share_bps", 0, Discount.WholeBps))
            : null,
        Stacking = offer.Stacking is { } stacking
            ? new OfferStacking(
                stacking.Exclusive,
                RequestField.OptionalText(stacking.Category, "offer.stacking.category", OfferTerms.TextMax),
                stacking.Order,
                amounts.Read(stacking.MaximumTotal, "offer.stacking.maximum_total"),
                amounts.Read(stacking.Floor, "offer.stacking.floor"))
            : null,
    };

    public static V1.CodeSeries ToProto(this CodeSeries series) => new()
    {
        SeriesId = series.SeriesId,
        OfferId = series.OfferId,
        Count = series.Count,
        ExpireTime = series.ExpiresAt.ToProto(),
    };

    private static string Day(LocalDate? day) => day is { } date ? LocalDatePattern.Iso.Format(date) : "";

    private static OfferKind KindOf(V1.Offer offer) => offer.Kind switch
    {
        V1.OfferKind.GenericCode => OfferKind.GenericCode,
        V1.OfferKind.UniqueCodes => OfferKind.UniqueCodes,
        V1.OfferKind.Unspecified => offer.Code.Length > 0 ? OfferKind.GenericCode : OfferKind.UniqueCodes,
        _ => throw RequestField.Invalid("offer.kind", "known_kind"),
    };

    private static OfferValidity ValidityOf(V1.OfferValidity validity) => new(
        DayOf(validity.StartDate, "offer.validity.start_date"),
        DayOf(validity.EndDate, "offer.validity.end_date"),
        validity.TimeZone.Length > 0 ? RequestField.TimeZone(validity.TimeZone, "offer.validity.time_zone") : "",
        validity.DaysAfterIssue);

    private static LocalDate? DayOf(string text, string field)
    {
        if (text.Length == 0) return null;
        var parsed = LocalDatePattern.Iso.Parse(text);
        return parsed.Success && parsed.Value.Year is >= 1900 and < 2200
            ? parsed.Value
            : throw RequestField.Invalid(field, "date_as_2017-05-01");
    }
}
