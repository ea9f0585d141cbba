using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Purchases;
using Retention.Domain.Tills;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.V1;
using PurchaseLine = Retention.Domain.Customers.PurchaseLine;

namespace Retention.Server.Services;

/// <summary>Sales and returns as messages.</summary>
internal static class PurchaseMessages
{
    public const string AccrualRule = "BASE";

    public static RecordPurchaseResponse ToProto(this PurchaseReceipt receipt)
    {
        var response = new RecordPurchaseResponse
        {
            Purchase = ToProto(receipt.CustomerId, receipt.Purchase, receipt.Currency),
            Balance = receipt.Balance.ToProto(),
        };
        if (Accrual(receipt.Purchase) is { } accrual) response.Accruals.Add(accrual);
        Explain(receipt.Purchase, response);
        if (receipt.UnknownRedemptionIds is { IsEmpty: false } unknown)
        {
            response.Explanation.Add(new Explanation
            {
                Rule = "REDEMPTION_UNKNOWN", Values = { ["count"] = $"{unknown.Length}" },
            });
        }

        foreach (var rule in receipt.Flags.IsDefaultOrEmpty ? [] : receipt.Flags)
        {
            response.Explanation.Add(new Explanation { Rule = rule == TillRule.OwnCard ? "OWN_CARD" : "CARD_VELOCITY" });
        }

        return response;
    }

    public static ReturnPurchaseResponse ToProto(this ReturnReceipt receipt) => new()
    {
        CustomerId = receipt.CustomerId,
        Amount = new Kernel.Money(receipt.Currency, receipt.Return.Amount).ToProto(),
        ReversedMillipoints = receipt.Return.Reversed,
        OwedMillipoints = receipt.Return.Debt,
        ForgivenMillipoints = receipt.Return.Forgiven,
        Balance = receipt.Balance.ToProto(),
    };

    public static VoidPurchaseResponse ToProto(this VoidReceipt receipt) => new()
    {
        CustomerId = receipt.CustomerId,
        Amount = Of(receipt.Currency, receipt.Void.Amount),
        ReversedMillipoints = receipt.Void.Reversed,
        OwedMillipoints = receipt.Void.Debt,
        ForgivenMillipoints = receipt.Void.Forgiven,
        Balance = receipt.Balance.ToProto(),
    };

    public static ReassignPurchaseResponse ToProto(this ReassignReceipt receipt)
    {
        var response = new ReassignPurchaseResponse
        {
            Purchase = ToProto(receipt.CustomerId, receipt.Sale, receipt.Currency),
            Balance = receipt.Balance.ToProto(),
            FromCustomerId = receipt.From,
            OwedMillipoints = receipt.HandedOver.Debt,
            ForgivenMillipoints = receipt.HandedOver.Forgiven,
        };
        if (Accrual(receipt.Sale) is { } accrual) response.Accruals.Add(accrual);
        return response;
    }

    public static GetPurchaseResponse ToProto(this PurchaseView view)
    {
        var response = new GetPurchaseResponse
        {
            Purchase = ToProto(view.CustomerId, view.Purchase, view.Currency),
            ReturnedLines =
            {
                view.Returns.Lines.Select(line => new V1.ReturnedLine
                {
                    LineId = line.LineId, Quantity = line.Quantity, Amount = Of(view.Currency, line.Amount),
                }),
            },
            Returned = Of(view.Currency, view.Returns.Amount),
            ReversedMillipoints = view.Returns.Reversed,
            Voided = view.Returns.IsVoided,
            Reassigned = view.Returns.Holder is not null,
        };
        if (Accrual(view.Purchase) is { } accrual) response.Accruals.Add(accrual);
        if (!view.Purchase.Lines.IsDefaultOrEmpty)
        {
            response.Purchase.Lines.AddRange(view.Purchase.Lines.Select(line => ToProto(line, view.Currency)));
        }

        return response;
    }

    public static PointsAccrual? Accrual(PurchaseRecorded purchase)
    {
        if (purchase.LotNumber == 0) return null;

        var accrual = new PointsAccrual
        {
            LotId = LoyaltyMessages.LotId(purchase.LotNumber),
            Millipoints = purchase.Accrued,
            Rule = AccrualRule,
            RuleVersion = purchase.RuleVersion,
        };
        if (purchase.ExpiresAt is { } end) accrual.ExpireTime = end.ToProto();
        return accrual;
    }

    public static ImmutableArray<PurchaseLine> Lines(IReadOnlyList<Line> lines, string currency)
    {
        if (lines.Count == 0) return default;

        var read = ImmutableArray.CreateBuilder<PurchaseLine>(lines.Count);
        foreach (var line in lines)
        {
            read.Add(new PurchaseLine(
                RequestField.Id(line.LineId, "lines.line_id"),
                Optional(RequestField.OptionalText(line.ProductId, "lines.product_id", RequestField.IdLengthMax)),
                Optional(RequestField.OptionalText(line.Category, "lines.category", RequestField.IdLengthMax)),
                RequestField.Between(line.Quantity, "lines.quantity", 0, int.MaxValue),
                RequestField.Money(line.Amount, "lines.amount", currency).MinorUnits,
                line.Discount is null ? 0 : RequestField.Money(line.Discount, "lines.discount", currency).MinorUnits,
                line.Tax is null ? 0 : RequestField.Money(line.Tax, "lines.tax", currency).MinorUnits));
        }

        return read.MoveToImmutable();
    }

    /// <summary>The part of the total that was not paid with money.</summary>
    public static long NotMoney(IReadOnlyList<Tender> tenders, Kernel.Money total)
    {
        if (tenders.Count == 0) return 0;

        long sum = 0, notMoney = 0;
        foreach (var tender in RequestField.AtMost(tenders, "tenders", TendersMax))
        {
            if (tender.Kind is <= TenderKind.Unspecified or > TenderKind.GiftCard)
            {
                throw RequestField.Invalid("tenders.kind", "known");
            }

            var amount = RequestField.Money(tender.Amount, "tenders.amount", total.Currency).MinorUnits;
            sum += amount;
            if (tender.Kind is TenderKind.Points or TenderKind.Coupon) notMoney += amount;
        }

        return sum == total.MinorUnits ? notMoney : throw RequestField.Invalid("tenders", "add_up_to_total");
    }

    private const int TendersMax = 20;

    private static Purchase ToProto(string customerId, PurchaseRecorded purchase, string currency) => new()
    {
        CustomerId = customerId,
        PurchaseId = purchase.PurchaseId,
        Source = purchase.Source,
        BrandId = purchase.Origin?.BrandId ?? "",
        StoreId = purchase.Origin?.StoreId ?? "",
        PurchaseTime = purchase.PurchasedAt.ToProto(),
        RecordTime = purchase.At.ToProto(),
        Total = Of(currency, purchase.Total),
        OrderId = purchase.OrderId ?? "",
    };

    private static Line ToProto(PurchaseLine line, string currency)
    {
        var message = new Line
        {
            LineId = line.LineId,
            ProductId = line.ProductId ?? "",
            Category = line.Category ?? "",
            Quantity = line.Quantity,
            Amount = Of(currency, line.Amount),
        };
        if (line.Discount > 0) message.Discount = Of(currency, line.Discount);
        if (line.Tax > 0) message.Tax = Of(currency, line.Tax);
        return message;
    }

    private static void Explain(PurchaseRecorded purchase, RecordPurchaseResponse response)
    {
        if (purchase.CapTook > 0) Add("CAP_PER_PURCHASE", "reduced_by_millipoints", purchase.CapTook);
        if (purchase.PaidDebt > 0) Add("DEBT_PAID", "millipoints", purchase.PaidDebt);
        if (purchase.LotNumber > 0 && purchase.ExpiresAt is { } end && end <= purchase.At)
        {
            Add("LOT_EXPIRED", "millipoints", purchase.Accrued);
        }

        void Add(string rule, string name, long value) => response.Explanation.Add(
            new Explanation { Rule = rule, Values = { [name] = $"{value}" } });
    }

    private static V1.Money Of(string currency, long minorUnits) => new Kernel.Money(currency, minorUnits).ToProto();

    private static string? Optional(string text) => text.Length == 0 ? null : text;
}
