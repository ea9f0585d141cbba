using Retention.Server.Csv;

namespace Retention.Server.Import;

/// <summary>Reads the rows of one kind of file as purchases, one by one, in file order.</summary>
public interface IPurchaseFormat
{
    /// <summary>Whether customers who are not there are enrolled.</summary>
    bool EnrollsUnknown { get; }

    IEnumerable<PurchaseRow> Read(CsvTable table);
}
