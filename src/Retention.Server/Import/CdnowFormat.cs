using Retention.Server.Csv;
using Retention.V1;

namespace Retention.Server.Import;

/// <summary>
/// The CDNOW files: customer_id, date, amount. A row is a purchase even where it equals another row, so its number is
/// its place among its customer's rows. Customers are enrolled as they come; the time is noon.
/// </summary>
public sealed class CdnowFormat(ImportTarget target) : IPurchaseFormat
{
    public const string Source = "cdnow";

    public bool EnrollsUnknown => true;

    public IEnumerable<PurchaseRow> Read(CsvTable table)
    {
        var customer = table.Column("customer_id");
        var date = table.Column("date");
        var amount = table.Column("amount");
        var ordinals = new Dictionary<string, int>();
        foreach (var row in table.RowsOfAnyWidth())
        {
            yield return RowFaults.Guard(row, () =>
            {
                var customerId = row.Id(customer);
                var ordinal = ordinals[customerId] = ordinals.GetValueOrDefault(customerId) + 1;
                return target.Named(new RecordPurchaseRequest
                {
                    CustomerId = customerId,
                    PurchaseId = $"cdnow:{customerId}:{ordinal}",
                    Source = Source,
                    PurchaseTime = target.NoonOf(row.Date(date)),
                    Total = target.Money(row.Cents(amount)),
                });
            });
        }
    }
}

/// <summary>Turns the fault of one row into a row that says so, so that the rest of the file is still read.</summary>
internal static class RowFaults
{
    public static PurchaseRow Guard(CsvRow row, Func<RecordPurchaseRequest> read)
    {
        if (!row.HasAllFields) return new PurchaseRow(row.Line, null, row.WrongWidth().Message);
        try
        {
            return new PurchaseRow(row.Line, read());
        }
        catch (CsvException e)
        {
            return new PurchaseRow(row.Line, null, e.Message);
        }
    }
}
