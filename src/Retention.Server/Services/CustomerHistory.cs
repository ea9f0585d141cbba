using Retention.Domain.Customers;
using Retention.Engine.Ports;
using Retention.Server.Rpc;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>A customer's facts in words: numbers and ids, never a person.</summary>
internal static class CustomerHistory
{
    public static HistoryEntry Entry(JournalRecord record, CustomerFact fact)
    {
        var (kind, summary, cause) = Describe(fact);
        return new HistoryEntry
        {
            Position = record.Position,
            Time = fact.At.ToProto(),
            Kind = kind,
            Summary = summary,
            Actor = fact.Origin?.By ?? "",
            Cause = cause ?? "",
        };
    }

    private static (string Kind, string Summary, string? Cause) Describe(CustomerFact fact) => fact switch
    {
        CustomerEnrolled => ("enrolled", $"enrolled{Where(fact)}", null),
        CardReplaced e => ("card-replaced", "got a new card", e.Reason),
        CardBlocked e => ("card-blocked", "a card was blocked", e.Reason),
        ProfileChanged => ("profile", "the profile changed", null),
        ConsentsChanged e => ("consents", string.Join("; ", e.Consents.Select(Words)), null),
        ContactLogged e => ("contact", Words(e), e.ContactId),
        CustomerErased e => ("erased", "the person was forgotten", e.Reason),
        PurchaseRecorded e => ("purchase", Words(e), $"{e.Source}/{e.PurchaseId}"),
        ReturnRecorded e => ("return", Words(e), $"{e.Source}/{e.ReturnId}"),
        VoidRecorded e => ("void", $"{e.Source}/{e.PurchaseId} was voided, reversed {e.Reversed} millipoints", e.Reason),
        PurchaseHandedOver e => ("handed-over", Words(e), e.Reason),
        PurchaseTakenOver e => ("taken-over", Words(e), e.Reason),
        PointsRedeemed e => ("redemption", $"redeemed {e.Millipoints} millipoints{For(e.GiftId)}", e.RedemptionId),
        RedemptionReversed e => ("redemption-reversed", $"got {e.Millipoints} millipoints back", e.RedemptionId),
        PointsHeld e => ("held", $"{e.Millipoints} millipoints were set aside", e.HoldId),
        HoldCaptured e => ("redemption", $"redeemed {e.Millipoints} millipoints that were set aside", e.RedemptionId),
        HoldVoided e => ("hold-voided", "points that were set aside came back", e.HoldId),
        PointsAdjusted e => ("adjusted", $"{(e.Millipoints < 0 ? "lost" : "was given")} {Math.Abs(e.Millipoints)} millipoints", e.Reason),
        PointsSent e => ("sent", $"sent {e.Millipoints} millipoints to {e.To}", e.TransferId),
        PointsReceived e => ("received", $"got {e.Millipoints} millipoints from {e.From}", e.TransferId),
        LinkOffered e => ("link-offered", $"took a link token for {e.AgreementId}", null),
        CustomerLinked e => ("linked", $"is linked under {e.AgreementId}", e.LinkId),
        CustomerUnlinked e => ("unlinked", $"is no longer linked under {e.AgreementId}", e.LinkId),
        JointCouponHeld e => ("joint-coupon", $"got a coupon for {e.Coupon.RedeemingBrandId}", e.Coupon.CouponId),
        JointCouponEnded e => ("joint-coupon-gone", e.WasRedeemed ? "used a coupon" : "a coupon was voided", e.CouponId),
        _ => throw new InvalidOperationException($"Unknown customer fact {fact.GetType().Name}."),
    };

    private static string Words(PurchaseRecorded sale) =>
        $"bought for {sale.Total} minor units{Where(sale)}, accrued {sale.Accrued} millipoints";

    private static string Words(ReturnRecorded fact) =>
        $"returned {fact.Amount} minor units of {fact.Source}/{fact.PurchaseId}, reversed {fact.Reversed} millipoints";

    private static string Words(PurchaseHandedOver fact) =>
        $"{fact.Source}/{fact.PurchaseId} went to {fact.To}, reversed {fact.Reversed} millipoints";

    private static string Words(PurchaseTakenOver fact) =>
        $"{fact.Source}/{fact.PurchaseId} came from {fact.From}, accrued {fact.Accrued} millipoints";

    private static string Words(ContactLogged contact) =>
        $"{(contact.IsInbound ? "inbound" : "outbound")} contact by {contact.Channel}{For(contact.Purpose)}"
        + (contact.Outcome is null ? "" : $": {contact.Outcome}");

    private static string Words(Domain.Customers.Consent consent) =>
        $"{(consent.IsGranted ? "allowed" : "forbade")} {consent.BrandId} {consent.Purpose} by {consent.Channel}";

    private static string Where(CustomerFact fact) => fact.Origin?.StoreId is { } store ? $" at store {store}" : "";

    private static string For(string? purpose) => purpose is null ? "" : $" for {purpose}";
}
