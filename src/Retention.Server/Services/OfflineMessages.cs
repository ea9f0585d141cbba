using Retention.Domain.Offline;
using Retention.Server.Rpc;
using Retention.Server.Signing;
using Money = Retention.Kernel.Money;

namespace Retention.Server.Services;

/// <summary>Tills without the network between the wire and the domain.</summary>
internal static class OfflineMessages
{
    public static V1.SigningKey ToProto(SigningKey key, string tenantId) => new()
    {
        KeyId = key.KeyId,
        TenantId = tenantId,
        PublicKey = CouponSigner.Pem(key),
        CreateTime = key.MadeAt.ToProto(),
        RevokeTime = key.RevokedAt?.ToProto(),
    };

    public static V1.OfflineResult ToProto(OfflineCapture capture) => capture.Redemption is { } redemption
        ? new V1.OfflineResult { Redemption = redemption.ToProto() }
        : new V1.OfflineResult { Conflict = ToProto(capture.Conflict!, capture.Currency) };

    public static V1.ListOfflineConflictsResponse ToProto(this OfflineReport report) => new()
    {
        Conflicts = { report.Conflicts.Select(conflict => ToProto(conflict, report.Currency)) },
        NextPageToken = PageIndex.Write(report.NextIndex),
        AcceptedCount = report.Book.AcceptedCount,
        AcceptedDiscount = new Money(report.Currency, report.Book.AcceptedMinorUnits).ToProto(),
        ConflictCount = report.Book.ConflictCount,
        Loss = new Money(report.Currency, report.Book.LossMinorUnits).ToProto(),
    };

    public static OfflineTerms? ToDomain(this V1.OfflineTerms? terms, OfferAmounts amounts) => terms is null
        ? null
        : new OfflineTerms(
            amounts.Read(terms.Ceiling, "offer.offline.ceiling"),
            RequestField.WholeSeconds(terms.MaxDelay, "offer.offline.max_delay"));

    public static V1.OfflineTerms? ToProto(this OfflineTerms? terms, string currency) => terms is null
        ? null
        : new V1.OfflineTerms
        {
            Ceiling = OfferTerms.Amount(terms.CeilingMinorUnits, currency),
            MaxDelay = new() { Seconds = (long)terms.MaxDelay().TotalSeconds },
        };

    public static JointOfflineTerms? ToDomain(this V1.JointOfflineTerms? terms, string currency) => terms is null
        ? null
        : new JointOfflineTerms(
            terms.Ceiling is null ? 0 : RequestField.Money(terms.Ceiling, "terms.offline.ceiling", currency).MinorUnits,
            RequestField.WholeSeconds(terms.MaxDelay, "terms.offline.max_delay"),
            Enum.IsDefined(terms.LossParty)
                ? terms.LossParty == V1.LegRole.Issuing
                : throw RequestField.Invalid("terms.offline.loss_party", "known"));

    public static V1.JointOfflineTerms? ToProto(this JointOfflineTerms? terms, string currency) => terms is null
        ? null
        : new V1.JointOfflineTerms
        {
            Ceiling = OfferTerms.Amount(terms.CeilingMinorUnits, currency),
            MaxDelay = new() { Seconds = (long)terms.MaxDelay().TotalSeconds },
            LossParty = terms.IssuerBearsLoss ? V1.LegRole.Issuing : V1.LegRole.Redeeming,
        };

    private static V1.OfflineConflict ToProto(OfflineConflict conflict, string currency) => new()
    {
        Number = conflict.Number,
        CouponId = conflict.CouponId,
        OfferId = conflict.OfferId,
        Source = conflict.Source,
        OrderId = conflict.OrderId,
        StoreId = conflict.StoreId,
        TillId = conflict.TillId,
        Reasons = { conflict.Reasons },
        Loss = new Money(currency, conflict.Loss).ToProto(),
        LossParty = (V1.LossParty)conflict.BorneBy,
        TillTime = conflict.TillAt.ToProto(),
        CaptureTime = conflict.CapturedAt.ToProto(),
    };
}
