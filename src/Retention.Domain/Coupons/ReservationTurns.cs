using NodaTime;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Coupons;

/// <summary>
/// Keeping a coupon, and a unit of each limit of its offer, for an order that is not paid yet. A reservation ends with
/// its time by itself: nothing has to run at that instant, since every turn asks what is open now.
/// </summary>
public static class ReservationTurns
{
    public static Decision Reserve(ITurn turn, ReserveCoupon command)
    {
        var till = command.Till;
        var found = CouponSearch.Find(turn, till);
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Fault(till, turn) is { } fault) return fault;
        if (command.Ttl < ReserveCoupon.TtlMin || command.Ttl > ReserveCoupon.TtlMax)
        {
            return OfferRules.Invalid("ttl", "1_second_to_7_days");
        }

        var check = found.Check(till, turn, "");
        var failing = OfferConditionsCheck.Failing(check);
        if (failing.Any) return failing.First();
        if (found.State.Holds.OthersAt(check.Now, "").Count >= Holds.OpenMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "open_reservations"), ("maximum", Holds.OpenMax));
        }

        return Reserved(command, found, check);
    }

    /// <summary>A reservation that is over, released or used already is left as it is.</summary>
    public static Decision Release(ITurn turn, string tenantId, string reservationId)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        var offer = Find(turn, tenantId, reservationId);
        var state = offer is { } grain ? turn.State<OfferState>(grain.Grain) : OfferState.Initial;
        if (!turn.IsComplete) return Decision.Silent();
        if (offer is not { } found) return Unknown(reservationId);

        var now = tenant.Now(turn.Time);
        var isOpen = state.Holds.IsOpen(reservationId, now);
        var decision = Decision.With(new CouponRelease(reservationId, isOpen, now));
        if (!isOpen) return decision;

        var (offerGrain, reserved) = found;
        decision.Change(offerGrain, new OfferReservationReleased(reservationId, now));
        if (reserved.Customer.Length > 0)
        {
            decision.Change(
                OfferGrains.UseId(tenantId, offerGrain.Key, reserved.Customer), new UseReservationReleased(reservationId));
        }

        if (reserved.Store is { } store)
        {
            decision.Change(
                OfferGrains.StoreUseId(tenantId, offerGrain.Key, store), new UseReservationReleased(reservationId));
        }

        return reserved.Coupon is null ? decision : decision.Change(
            OfferGrains.CouponId(tenantId, reserved.Coupon), new CouponReservationReleased(reservationId, now));
    }

    /// <summary>The fact of a reservation of this tenant; null: there is none.</summary>
    internal static (GrainId Grain, OfferReserved Fact)? Find(ITurn turn, string tenantId, string reservationId) =>
        ReservationId.Key(reservationId) is { } key ? Find(turn, tenantId, key) : null;

    internal static (GrainId Grain, OfferReserved Fact)? Find(ITurn turn, string tenantId, LedgerKey key)
    {
        foreach (var (grain, fact) in turn.Recorded(key) ?? [])
        {
            if (fact is OfferReserved reserved && grain.Partition == PartitionId.Tenant(tenantId)) return (grain, reserved);
        }

        return null;
    }

    internal static Refusal Unknown(string reservationId) =>
        Because(RefusalReason.ReservationNotFound, ("reservation_id", reservationId));

    private static Decision Reserved(ReserveCoupon command, FoundCoupon found, OfferCheck check)
    {
        var (till, id) = (command.Till, command.ReservationId);
        var expiresAt = check.Now + command.Ttl;
        var code = found.CouponCode.Length > 0 ? found.CouponCode : null;
        var decision = Decision.With(new CouponReservation(
                id, code is null ? "" : CouponCode.CouponId(code), found.Offer.OfferId, check.Discount, found.Tenant.Currency, expiresAt))
            .Change(
                OfferGrains.OfferId(till.TenantId, found.Offer.OfferId),
                new OfferReserved(id, till.CustomerId, check.Discount, code, expiresAt, check.Now)
                {
                    Store = check.Store is null ? null : till.StoreId,
                });
        if (till.CustomerId.Length > 0)
        {
            decision.Change(
                OfferGrains.UseId(till.TenantId, found.Offer.OfferId, till.CustomerId),
                new UseReserved(id, expiresAt, check.Now));
        }

        if (check.Store is not null)
        {
            decision.Change(
                OfferGrains.StoreUseId(till.TenantId, found.Offer.OfferId, till.StoreId),
                new UseReserved(id, expiresAt, check.Now));
        }

        return code is null ? decision : decision.Change(
            OfferGrains.CouponId(till.TenantId, code), new CouponReserved(id, expiresAt, check.Now));
    }
}

/// <summary>The reservation that a redemption may use up: the one it names, else the one of its order.</summary>
/// <param name="Id">Empty: none that is still open.</param>
internal readonly record struct OwnReservation(string Id, Refusal? Refusal)
{
    private static readonly OwnReservation None = new("", null);

    public static OwnReservation Of(ITurn turn, RedeemCoupon command, FoundCoupon found)
    {
        // Asked only where something is reserved, so that a hot code costs no look-up.
        var isNamed = command.ReservationId.Length > 0;
        if (found.Unknown is not null || (!isNamed && found.State.Holds.IsEmpty)) return None;

        var reserved = isNamed
            ? ReservationTurns.Find(turn, command.TenantId, command.ReservationId)
            : command.OrderReservation is { } key ? ReservationTurns.Find(turn, command.TenantId, key) : null;
        var isMeant = reserved is { } match
            && match.Grain.Key == found.Offer.OfferId
            && (match.Fact.Coupon ?? "") == found.CouponCode
            && match.Fact.Customer == command.CustomerId
            && (match.Fact.Store is null || match.Fact.Store == command.StoreId);
        if (!isMeant) return isNamed ? new("", ReservationTurns.Unknown(command.ReservationId)) : None;

        var id = reserved!.Value.Fact.Reservation;
        return found.State.Holds.IsOpen(id, found.Tenant.Now(turn.Time)) ? new(id, null) : None;
    }
}
