using NodaTime.Text;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Server.Rpc;
using Retention.Server.Services;
using Retention.V1;

namespace Retention.Server.Feed;

/// <summary>
/// Facts of an agreement's account as its parties are told them. What the partner's purchases led to is not told:
/// of single issues one could count what its reports hide.
/// </summary>
internal static class ClearingEvents
{
    /// <summary>Null where the fact concerns the partner's coupons alone.</summary>
    /// <param name="own">The viewer's sides.</param>
    public static ClearingEvent? Of(AccountFact fact, KnownAgreement agreement, IReadOnlyList<Side> own, long position)
    {
        var told = new ClearingEvent
        {
            EventTime = fact.At.ToProto(),
            Day = LocalDatePattern.Iso.Format(fact.On),
            CurrencyCode = agreement.Currency,
        };
        switch (fact)
        {
            case IssueCounted issued:
                return IsOwn(issued.LegId)
                    ? Coupon(issued.LegId, issued.CouponId, CouponChange.Issued, issued.EndsOn, issued.DiscountMinorUnits)
                    : null;
            case VoidCounted voided:
                return IsOwn(voided.LegId)
                    ? Coupon(voided.LegId, voided.CouponId, CouponChange.Voided, voided.EndsOn, voided.DiscountMinorUnits)
                    : null;
            case IssueSuppressed suppressed:
                if (!IsOwn(suppressed.LegId)) return null;
                told.LegId = suppressed.LegId;
                told.SuppressionReason = suppressed.Reason.ToString();
                return told;
            case RateRecorded recorded:
                told.Rate = recorded.Rate.ToProto();
                return told;
            case EntryFact entry:
                if (entry.Number > 0)
                {
                    told.Entry = ClearingLine.Of(agreement.Currency, entry)
                        .ToProto(agreement.First, agreement.Second, position, agreement.CounterCurrency);
                }

                return OfCoupon(entry);
            default:
                return told;
        }

        ClearingEvent OfCoupon(EntryFact entry)
        {
            (told.LegId, told.CouponId) = (entry.LegId, entry.CouponId);
            return entry switch
            {
                RedemptionCleared redeemed => Coupon(
                    entry.LegId, entry.CouponId, CouponChange.Redeemed, redeemed.EndsOn, redeemed.FaceMinorUnits),
                RedemptionPending pending => Coupon(
                    entry.LegId, entry.CouponId, CouponChange.Redeemed, pending.EndsOn, pending.FaceMinorUnits),
                ReversalCleared { Reopens: true } reversed => Coupon(
                    entry.LegId, entry.CouponId, CouponChange.Reopened, reversed.EndsOn, reversed.FaceMinorUnits),
                _ => told,
            };
        }

        bool IsOwn(string legId) => Leg.RedeemerOf(legId) is { } redeemer && own.Any(side => side != redeemer);

        ClearingEvent Coupon(string legId, string couponId, CouponChange change, NodaTime.LocalDate endsOn, long face)
        {
            told.LegId = legId;
            told.CouponId = couponId;
            told.CouponChange = change;
            told.EndsOn = LocalDatePattern.Iso.Format(endsOn);
            told.FaceMinorUnits = face;
            return told;
        }
    }
}

/// <summary>What never changes of an agreement.</summary>
/// <param name="CounterCurrency">Null: both tenants count in the one.</param>
internal sealed record KnownAgreement(Party First, Party Second, string Currency, string? CounterCurrency)
{
    /// <summary>The sides of a tenant, and of one brand where the credential is bound to it.</summary>
    public IReadOnlyList<Side> SidesOf(string tenantId, string? brandId)
    {
        var sides = new List<Side>(2);
        if (Is(First)) sides.Add(Side.First);
        if (Is(Second)) sides.Add(Side.Second);
        return sides;

        bool Is(Party party) => party.TenantId == tenantId && (brandId is null || party.BrandId == brandId);
    }
}
