using NodaTime;
using Retention.Domain.Customers;
using Retention.Server.Rpc;

namespace Retention.Server.Services;

/// <summary>Points as messages.</summary>
internal static class LoyaltyMessages
{
    public static V1.PointsBalance ToProto(this PointsBalance balance)
    {
        var message = new V1.PointsBalance
        {
            AvailableMillipoints = balance.Available,
            HeldMillipoints = balance.Held,
            NegativeMillipoints = balance.Negative,
            NextExpiryMillipoints = balance.NextExpiry,
        };
        if (balance.NextExpiryAt is { } at) message.NextExpiryTime = at.ToProto();
        return message;
    }

    public static V1.Lot ToProto(this Lot lot)
    {
        var message = new V1.Lot
        {
            LotId = LotId(lot.Number),
            Source = lot.Source ?? "",
            PurchaseId = lot.PurchaseId ?? "",
            BrandId = lot.BrandId,
            RuleVersion = lot.RuleVersion,
            AccruedMillipoints = lot.Accrued,
            RemainingMillipoints = lot.Remaining,
            ActiveTime = lot.ActiveFrom.ToProto(),
            PurchaseCount = lot.Pooled + 1,
        };
        if (lot.ExpiresAt != Instant.MaxValue) message.ExpireTime = lot.ExpiresAt.ToProto();
        return message;
    }

    public static V1.LotSlice ToProto(this LotSlice slice) =>
        new() { LotId = LotId(slice.Number), Millipoints = slice.Millipoints };

    public static string LotId(long number) => $"lot_{number}";

    /// <summary>Who a request is about: by id or by card, one of them.</summary>
    public static CustomerRef Customer(string customerId, string cardNumber)
    {
        if (customerId.Length > 0) return new CustomerRef(RequestField.Id(customerId, "customer_id"), null);
        return cardNumber.Length > 0
            ? new CustomerRef(null, CardNumber(cardNumber, "card_number"))
            : throw RequestField.Invalid("customer_id", "required");
    }

    public static string CardNumber(string number, string field)
    {
        RequestField.Text(number, field, RequestField.IdLengthMax);
        return CustomerKeys.Normalize(CustomerKeyKind.Card, number).Length > 0
            ? number
            : throw RequestField.Invalid(field, "letters_and_digits");
    }
}
