using Google.Protobuf.WellKnownTypes;
using NodaTime.Text;
using Retention.Server.Csv;
using Retention.V1;

namespace Retention.Server.Import;

/// <summary>
/// The product's own table of purchases. Required columns: purchase_id, purchase_time, total, and customer_id or
/// card_number. Optional: source, brand_id, store_id, order_id. Further columns are passed over.
/// </summary>
public sealed class PlainFormat(ImportTarget target, string source, bool enrollsUnknown) : IPurchaseFormat
{
    public bool EnrollsUnknown => enrollsUnknown;

    public IEnumerable<PurchaseRow> Read(CsvTable table)
    {
        var columns = new Columns(table);
        return table.RowsOfAnyWidth().Select(row => RowFaults.Guard(row, () => Purchase(row, columns)));
    }

    private RecordPurchaseRequest Purchase(CsvRow row, Columns columns)
    {
        var purchase = new RecordPurchaseRequest
        {
            PurchaseId = row.Id(columns.Purchase),
            Source = IdOr(row, columns.Source, source),
            PurchaseTime = Time(row, columns.Time),
            Total = target.Money(row.Cents(columns.Total)),
            BrandId = IdOr(row, columns.Brand, ""),
            StoreId = IdOr(row, columns.Store, ""),
            OrderId = IdOr(row, columns.Order, ""),
        };
        if (columns.Customer >= 0 && row[columns.Customer].Length > 0) purchase.CustomerId = row.Id(columns.Customer);
        else if (columns.Card >= 0 && row[columns.Card].Length > 0) purchase.CardNumber = row[columns.Card];
        else throw row.Fault(Math.Max(columns.Customer, columns.Card), "is empty; a purchase needs its customer.");
        return target.Named(purchase);
    }

    private static string IdOr(CsvRow row, int column, string otherwise) =>
        column >= 0 && row[column].Length > 0 ? row.Id(column) : otherwise;

    // A moment with its offset; a local time of the tenant's zone; or a date, which means its noon.
    private Timestamp Time(CsvRow row, int column)
    {
        var text = row[column];
        if (OffsetDateTimePattern.ExtendedIso.Parse(text) is { Success: true, Value: var moment })
        {
            return ImportTarget.ToTimestamp(moment.ToInstant());
        }

        if (LocalDateTimePattern.ExtendedIso.Parse(text) is { Success: true, Value: var local })
        {
            return ImportTarget.ToTimestamp(target.Zone.AtLeniently(local).ToInstant());
        }

        return LocalDatePattern.Iso.Parse(text) is { Success: true, Value: var date }
            ? target.NoonOf(date)
            : throw row.Fault(column, "must be like 2017-03-31T14:05:00-05:00, 2017-03-31T14:05:00 or 2017-03-31.");
    }

    private sealed class Columns
    {
        public Columns(CsvTable table)
        {
            Purchase = table.Column("purchase_id");
            Time = table.Column("purchase_time");
            Total = table.Column("total");
            Card = table.Find("card_number");
            Customer = Card >= 0 ? table.Find("customer_id") : table.Column("customer_id");
            Source = table.Find("source");
            Brand = table.Find("brand_id");
            Store = table.Find("store_id");
            Order = table.Find("order_id");
        }

        public int Purchase { get; }

        public int Time { get; }

        public int Total { get; }

        public int Customer { get; }

        public int Card { get; }

        public int Source { get; }

        public int Brand { get; }

        public int Store { get; }

        public int Order { get; }
    }
}
