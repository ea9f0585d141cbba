using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Entities;

/// <summary>
/// What one company of a tenant owes another because something was given at the one's expense and used at the other. The
/// entries stand in the commit of the redemption, and of its reversal with the opposite sign.
/// </summary>
public static class EntityClearing
{
    /// <summary>Points of lots that other companies' stores gave, at the program's value, by company.</summary>
    public static Decision Redeemed(
        ITurn turn, Decision decision, TenantState tenant, PointsRedeemed redemption, Instant now)
    {
        var value = tenant.Program.PointValueMinorUnits;
        if (value == 0) return decision;

        var redeemer = tenant.EntityOf(redemption.Origin?.StoreId ?? "") ?? "";
        var cause = redemption.GiftId is null ? EntityCause.Points : EntityCause.Gift;
        var claims = redemption.Slices
            .GroupBy(slice => slice.EntityId ?? "", StringComparer.Ordinal)
            .Select(slices => new Claim(slices.Key, redeemer, Worth(slices.Sum(slice => slice.Millipoints), value)))
            .OrderBy(claim => claim.Funder, StringComparer.Ordinal);
        return Posted(turn, decision, tenant, claims, redemption.RedemptionId, cause, redemption.GiftId, now);
    }

    /// <summary>The share of a coupon's discount that the offer's company bears.</summary>
    internal static Decision Redeemed(
        ITurn turn, Decision decision, FoundCoupon found, RedeemCoupon command, long discount, Instant now)
    {
        if (found.Offer.Funding is not { } funding) return decision;

        var redeemer = found.Tenant.EntityOf(command.StoreId) ?? "";
        var claim = new Claim(funding.EntityId, redeemer, funding.ShareOf(discount));
        return Posted(
            turn, decision, found.Tenant, [claim], command.RedemptionId, EntityCause.Coupon, found.Offer.OfferId, now);
    }

    /// <summary>Takes back what the redemption's commit posted, as a whole.</summary>
    /// <param name="recorded">The facts of that commit.</param>
    public static Decision Reversed(
        ITurn turn, Decision decision, TenantState tenant, IReadOnlyList<Change> recorded, Instant now) =>
        Reversed(turn, decision, tenant, recorded, now, 0, 1, 1);

    /// <summary>
    /// Takes back a part of what the redemption's commit posted: what belongs to the discount given back so far, rounded
    /// down, without what was taken back before. The last part takes the rest.
    /// </summary>
    /// <param name="before">Of the discount, given back before.</param>
    /// <param name="after">Of the discount, given back by now.</param>
    public static Decision Reversed(
        ITurn turn,
        Decision decision,
        TenantState tenant,
        IReadOnlyList<Change> recorded,
        Instant now,
        long before,
        long after,
        long discount)
    {
        foreach (var (grain, fact) in recorded)
        {
            if (fact is not EntityCleared cleared || grain.Partition != PartitionId.Tenant(tenant.TenantId)) continue;
            var account = turn.State<EntityAccountState>(grain);
            if (!turn.IsComplete) continue;
            var back = Part(cleared.FirstMinorUnits, after, discount) - Part(cleared.FirstMinorUnits, before, discount);
            if (back == 0) continue;
            var (at, on) = Moment(account, tenant, now);
            decision.Change(grain, new EntityReversed
            {
                At = at,
                On = on,
                Number = account.Lines + 1,
                First = cleared.First,
                Second = cleared.Second,
                Currency = cleared.Currency,
                Redemption = cleared.Redemption,
                Cause = cleared.Cause,
                Subject = cleared.Subject,
                FirstMinorUnits = -back,
                SecondMinorUnits = back,
            });
        }

        return turn.IsComplete ? decision : Decision.Silent();
    }

    private static Decision Posted(
        ITurn turn,
        Decision decision,
        TenantState tenant,
        IEnumerable<Claim> claims,
        string redemptionId,
        EntityCause cause,
        string? subject,
        Instant now)
    {
        foreach (var claim in claims)
        {
            if (claim.Funder == claim.Redeemer || claim.MinorUnits == 0) continue;
            var grain = EntityArea.AccountId(tenant.TenantId, claim.Funder, claim.Redeemer);
            var account = turn.State<EntityAccountState>(grain);
            if (!turn.IsComplete) continue;
            var (first, second) = EntityArea.Ordered(claim.Funder, claim.Redeemer);
            var firstCredit = first == claim.Redeemer ? claim.MinorUnits : -claim.MinorUnits;
            var (at, on) = Moment(account, tenant, now);

            // Several coupons of one order clear in one turn.
            var before = decision.Changes.Count(change => change.Grain == grain);
            decision.Change(grain, new EntityCleared
            {
                At = at,
                On = on,
                Number = account.Lines + before + 1,
                First = NullIfEmpty(first),
                Second = NullIfEmpty(second),
                Currency = tenant.Currency,
                Redemption = redemptionId,
                Cause = cause,
                Subject = NullIfEmpty(subject),
                FirstMinorUnits = firstCredit,
                SecondMinorUnits = -firstCredit,
            });
        }

        return turn.IsComplete ? decision : Decision.Silent();
    }

    // Closed months never change, whatever a node's clock says.
    private static (Instant At, LocalDate On) Moment(EntityAccountState account, TenantState tenant, Instant now)
    {
        var at = Instant.Max(account.LastAt, now);
        return (at, at.InZone(DateTimeZoneProviders.Tzdb[tenant.TimeZone]).Date);
    }

    // Rounded toward zero, so that a debit and a credit of one amount part alike.
    private static long Part(long whole, long part, long of) => of == 0 ? 0 : (long)((Int128)whole * part / of);

    private static long Worth(long millipoints, long minorUnitsPerThousandPoints) =>
        (long)((Int128)millipoints * minorUnitsPerThousandPoints / 1_000_000);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private readonly record struct Claim(string Funder, string Redeemer, long MinorUnits);
}
