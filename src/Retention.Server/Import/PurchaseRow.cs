using Retention.V1;

namespace Retention.Server.Import;

/// <summary>One row of a file of purchases: what to send, or why it cannot be sent.</summary>
/// <param name="Line">In the file; the header is line 1.</param>
/// <param name="Purchase">Null where the row cannot be read.</param>
/// <param name="Fault">Names the column, never its value; empty where the row can be read.</param>
public sealed record PurchaseRow(long Line, RecordPurchaseRequest? Purchase, string Fault = "");
