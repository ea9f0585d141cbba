using Retention.V1;

namespace Retention.Server.Import;

/// <summary>Some rows on their way: what is not answered yet, and what was refused.</summary>
internal sealed class ImportBatch(string name, IReadOnlyList<PurchaseRow> rows, bool enrollsUnknown)
{
    private readonly Dictionary<string, PurchaseRow> unanswered = rows
        .Where(row => row.Purchase is not null)
        .GroupBy(row => row.Purchase!.RequestId)
        .ToDictionary(same => same.Key, same => same.First());

    private readonly Dictionary<string, ImportResult> refused = [];

    public string Name => name;

    public IReadOnlyList<PurchaseRow> Rows => rows;

    public bool IsAnswered => unanswered.Count == 0;

    public long Recorded { get; private set; }

    public long Millipoints { get; private set; }

    public PurchaseRow? LastRecorded { get; private set; }

    public ImportPurchasesRequest Message()
    {
        var message = new ImportPurchasesRequest { RequestId = name, EnrollUnknownCustomers = enrollsUnknown };
        message.Purchases.AddRange(rows
            .Where(row => row.Purchase is not null && unanswered.ContainsKey(row.Purchase.RequestId))
            .Select(row => row.Purchase)
            .DistinctBy(purchase => purchase!.RequestId));
        return message;
    }

    /// <summary>Takes the answers in. False when some purchases must be sent again.</summary>
    public bool Take(ImportPurchasesResponse response)
    {
        foreach (var result in response.Results)
        {
            if (Retries(result.Reason) || !unanswered.Remove(result.RequestId, out var row)) continue;
            if (result.Reason.Length > 0)
            {
                refused[result.RequestId] = result;
                continue;
            }

            Recorded += rows.Count(same => same.Purchase?.RequestId == result.RequestId);
            Millipoints += result.Millipoints;
            LastRecorded = row;
        }

        return IsAnswered;
    }

    /// <summary>Line, number, reason and detail of each row that was not taken, in file order.</summary>
    public IEnumerable<(long Line, string PurchaseId, string Reason, string Detail)> Errors()
    {
        foreach (var row in rows)
        {
            if (row.Purchase is null) yield return (row.Line, "", "ROW_INVALID", row.Fault);
            else if (refused.TryGetValue(row.Purchase.RequestId, out var result))
            {
                var detail = string.Join(' ', result.Metadata.Select(pair => $"{pair.Key}={pair.Value}").Order());
                yield return (row.Line, row.Purchase.PurchaseId, result.Reason, detail);
            }
        }
    }

    // What says nothing about the purchase itself, only about the moment.
    private static bool Retries(string reason) => reason
        is "OVERLOADED" or "STORAGE_UNAVAILABLE" or "STORAGE_FULL" or "OUTCOME_UNKNOWN" or "TOO_MANY_CONFLICTS";
}
