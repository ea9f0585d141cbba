using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>A redemption that a sale names, and the agreement whose coupon it used.</summary>
public readonly record struct JointRedemption(string AgreementId, string RedemptionId);

/// <summary>
/// What the redeeming tenant tells agreements of the sales that used their coupons. The sale is named by a reference
/// that only the tenant can make; neither number, store nor customer is told.
/// </summary>
public static class JointSales
{
    /// <summary>
    /// The named redemptions of coupons of the tenant's agreements; unknown are those that no commit of the tenant or of
    /// its agreements made. The turn may be incomplete afterwards.
    /// </summary>
    public static (ImmutableArray<JointRedemption> Joint, ImmutableArray<string> Unknown) Find(
        ITurn turn, TenantState tenant, PartitionId own, ImmutableArray<string> redemptionIds)
    {
        if (redemptionIds.IsDefaultOrEmpty) return ([], []);

        var joint = ImmutableArray.CreateBuilder<JointRedemption>();
        var unknown = ImmutableArray.CreateBuilder<string>();
        foreach (var redemptionId in redemptionIds.Distinct())
        {
            var partition = RedemptionId.Key(redemptionId) is { } key ? PartitionOf(turn.Recorded(key)) : null;
            if (partition == own) continue;
            if (partition is { IsAgreement: true } agreement && tenant.Agreements.ContainsKey(agreement.OwnerId))
            {
                joint.Add(new JointRedemption(agreement.OwnerId, redemptionId));
            }
            else
            {
                unknown.Add(redemptionId);
            }
        }

        return (joint.ToImmutable(), unknown.ToImmutable());
    }

    public static IEnumerable<Effect> ForPurchase(
        TenantState tenant, ImmutableArray<JointRedemption> joint, PurchaseSeen purchase)
    {
        foreach (var (agreementId, redemptionId) in joint)
        {
            yield return JointMessages.ToAgreement(
                agreementId,
                JointMessages.Sale,
                new JointSaleMade(
                    redemptionId, purchase.BrandId, Reference(tenant, agreementId, purchase), purchase.At),
                JointMessagesJson.Default.JointSaleMade);
        }
    }

    /// <param name="returnedMinorUnits">Of the sale, with all returns so far.</param>
    public static IEnumerable<Effect> ForReturn(
        TenantState tenant,
        ImmutableArray<JointRedemption> joint,
        PurchaseSeen purchase,
        long returnedMinorUnits,
        bool isWhole,
        Instant at)
    {
        foreach (var (agreementId, redemptionId) in joint)
        {
            yield return JointMessages.ToAgreement(
                agreementId,
                JointMessages.SaleReturn,
                new JointSaleReturned(
                    redemptionId,
                    purchase.BrandId,
                    Reference(tenant, agreementId, purchase),
                    returnedMinorUnits,
                    purchase.TotalMinorUnits,
                    isWhole,
                    at),
                JointMessagesJson.Default.JointSaleReturned);
        }
    }

    private static string Reference(TenantState tenant, string agreementId, PurchaseSeen purchase) =>
        CustomerReference.Sale(tenant, agreementId, purchase.BrandId, purchase.Source, purchase.PurchaseId);

    // Commits that redeemed nothing have keys, too.
    private static PartitionId? PartitionOf(IReadOnlyList<Change>? facts)
    {
        foreach (var (grain, fact) in facts ?? [])
        {
            if (fact is JointCouponRedeemed or JointStackHeld or OfferRedeemed) return grain.Partition;
        }

        return null;
    }
}
