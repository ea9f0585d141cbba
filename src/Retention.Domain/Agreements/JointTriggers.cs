using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>What a trigger may look at of one purchase.</summary>
/// <param name="StoreId">Empty when the purchase was made in no store. Stays in the tenant.</param>
/// <param name="TotalMinorUnits">What the customer paid.</param>
/// <param name="Categories">Of the purchase's lines; the order and repeats do not matter.</param>
/// <param name="At">The tenant's time of the turn.</param>
public sealed record PurchaseSeen(
    string CustomerId,
    string BrandId,
    string StoreId,
    string Source,
    string PurchaseId,
    long TotalMinorUnits,
    string Currency,
    ImmutableArray<string> Categories,
    Instant At)
{
    /// <summary>The sale went from another customer to this one: it triggers as a sale of its own.</summary>
    public bool IsReassigned { get; init; }

    /// <summary>Redemptions that the sale used, of any agreement of the tenant.</summary>
    public ImmutableArray<JointRedemption> Redemptions { get; init; } = [];
}

/// <summary>What is left of a purchase after a return.</summary>
/// <param name="Purchase">The purchase as it was sold.</param>
/// <param name="RemainingMinorUnits">Its total without everything returned so far.</param>
/// <param name="RemainingCategories">Categories of the lines of which something remains.</param>
/// <param name="NothingRemains">Every line was returned in full.</param>
/// <param name="At">The tenant's time of the turn.</param>
public sealed record ReturnSeen(
    PurchaseSeen Purchase,
    long RemainingMinorUnits,
    ImmutableArray<string> RemainingCategories,
    bool NothingRemains,
    Instant At);

/// <summary>
/// Which agreements a purchase or a return concerns. The effects carry a pseudonym of the customer and of the
/// purchase, pairwise for the leg, and the customer's id sealed for the issuing tenant: the other brand's side
/// of the agreement learns neither id, store nor number.
/// </summary>
public static class JointTriggers
{
    /// <summary>One effect for each leg of the brand that the purchase fulfills, in the order of the tenant's legs.</summary>
    public static IEnumerable<Effect> ForPurchase(TenantState tenant, string tenantId, PurchaseSeen purchase)
    {
        foreach (var leg in tenant.Triggers)
        {
            if (leg.IsPaused || leg.BrandId != purchase.BrandId || leg.EndsAt <= purchase.At) continue;
            if (!Fulfills(leg.MinimumBasketMinorUnits, leg.Categories, purchase.TotalMinorUnits, purchase.Categories)) continue;

            var issue = new IssueJointCoupon(
                leg.LegId,
                CustomerReference.Pseudonym(leg.PseudonymKey, purchase.CustomerId),
                PurchaseReference(leg, purchase),
                CustomerReference.Seal(tenant, tenantId, leg.AgreementId, purchase.CustomerId),
                purchase.TotalMinorUnits,
                purchase.Currency,
                purchase.At)
            {
                Redemptions =
                [
                    .. purchase.Redemptions.Where(used => used.AgreementId == leg.AgreementId).Select(used => used.RedemptionId),
                ],
            };
            yield return JointMessages.ToAgreement(
                leg.AgreementId, JointMessages.Issue, issue, JointMessagesJson.Default.IssueJointCoupon);
        }
    }

    /// <summary>
    /// One effect for each leg of the brand that the purchase fulfilled and, after the return, no longer does, under any
    /// version of its terms. Paused and ended legs too: what they issued is voided all the same. A leg hears of every further return of
    /// the purchase again, which changes nothing there.
    /// </summary>
    public static IEnumerable<Effect> ForReturn(TenantState tenant, string tenantId, ReturnSeen returned)
    {
        var purchase = returned.Purchase;
        foreach (var leg in tenant.Triggers)
        {
            if (leg.BrandId != purchase.BrandId) continue;
            var unmet = leg.Versions().Where(terms => IsUnmet(terms, returned)).Select(terms => terms.TermsVersion).ToList();
            if (unmet.Count == 0) continue;

            var voided = new VoidJointCoupon(
                leg.LegId,
                CustomerReference.Pseudonym(leg.PseudonymKey, purchase.CustomerId),
                PurchaseReference(leg, purchase),
                returned.At)
            {
                TermsVersions = leg.Earlier is null ? null : [.. unmet],
            };
            yield return JointMessages.ToAgreement(
                leg.AgreementId, JointMessages.Void, voided, JointMessagesJson.Default.VoidJointCoupon);
        }
    }

    private static string PurchaseReference(TriggerLeg leg, PurchaseSeen purchase) =>
        CustomerReference.Purchase(
            leg.PseudonymKey, purchase.BrandId, purchase.Source, purchase.PurchaseId, purchase.IsReassigned);

    private static bool IsUnmet(TriggerTerms terms, ReturnSeen returned)
    {
        var (minimum, wanted, purchase) = (terms.MinimumBasketMinorUnits, terms.Categories, returned.Purchase);
        return Fulfills(minimum, wanted, purchase.TotalMinorUnits, purchase.Categories)
            && (returned.NothingRemains
                || !Fulfills(minimum, wanted, returned.RemainingMinorUnits, returned.RemainingCategories));
    }

    private static bool Fulfills(
        long minimumMinorUnits, ImmutableArray<string> wanted, long totalMinorUnits, ImmutableArray<string> categories)
    {
        if (totalMinorUnits < minimumMinorUnits) return false;
        if (wanted.IsDefaultOrEmpty) return true;

        foreach (var category in wanted)
        {
            if (!categories.IsDefaultOrEmpty && categories.Contains(category)) return true;
        }

        return false;
    }
}
