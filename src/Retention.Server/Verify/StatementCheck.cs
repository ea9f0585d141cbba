using System.Text.Json;

namespace Retention.Server.Verify;

/// <summary>
/// Recomputes the statements of agreements from a party's feed alone, by the text of the protos and without the domain's
/// code, and says which line of the feed does not hold.
/// </summary>
public sealed class StatementCheck
{
    private readonly SortedDictionary<string, CheckedBook> books = new(StringComparer.Ordinal);

    public List<string> Differences { get; } = [];

    public long Events { get; private set; }

    public IReadOnlyCollection<CheckedBook> Books => books.Values;

    /// <summary>Takes one JSON value: a JournalEntry, or a WatchJournalResponse with several.</summary>
    /// <param name="line">Where it stands, for messages.</param>
    public void See(long line, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object) Differences.Add($"line {line}: no JSON object");
        else Read($"line {line}", () => SeeObject(line, value));
    }

    /// <summary>Compares a GetStatementResponse with what the feed gives. Comes after the feed.</summary>
    public void Compare(string name, JsonElement statement)
    {
        if (statement.ValueKind != JsonValueKind.Object) Differences.Add($"{name}: no JSON object");
        else Read(name, () => CompareObject(name, new FeedJson(statement)));
    }

    // Whoever changed a file may have left anything in it.
    private void Read(string where, Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (NaiveLaws.IsBrokenContent(e))
        {
            Differences.Add($"{where}, cannot be read ({e.GetType().Name})");
        }
    }

    private void SeeObject(long line, JsonElement value)
    {
        if (value.TryGetProperty("entries", out var entries))
        {
            foreach (var entry in entries.EnumerateArray())
            {
                SeeEntry(line, new FeedJson(entry));
            }
        }
        else if (value.TryGetProperty("kind", out _))
        {
            SeeEntry(line, new FeedJson(value));
        }
    }

    private void CompareObject(string name, FeedJson shown)
    {
        var candidates = books.Values.Where(book => book.Knows(shown)).ToList();
        if (candidates.Count == 1) Differences.AddRange(candidates[0].Compare(name, shown));
        else Differences.Add($"{name}: {candidates.Count} agreements of the feed have a side {shown.Text("brand")}");
    }

    private void SeeEntry(long line, FeedJson entry)
    {
        var agreementId = entry.Text("agreementId");
        if (agreementId.Length == 0) return;
        Events++;
        if (!books.TryGetValue(agreementId, out var book)) books[agreementId] = book = new CheckedBook(agreementId);
        Differences.AddRange(book.See(entry).Select(fault => $"line {line}, position {entry.Long("position")}: {fault}"));
    }
}

/// <summary>JSON of protobuf messages: names in camel case or as in the protos, long numbers as text or as numbers.</summary>
public readonly struct FeedJson(JsonElement json)
{
    public string Text(string name) => Find(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() ?? "" : "";

    public long Long(string name) => Find(name) switch
    {
        { ValueKind: JsonValueKind.Number } value => value.GetInt64(),
        { ValueKind: JsonValueKind.String } value => long.Parse(value.GetString() ?? "", System.Globalization.CultureInfo.InvariantCulture),
        _ => 0,
    };

    public bool Flag(string name) => Find(name) is { ValueKind: JsonValueKind.True };

    public FeedJson? Part(string name) => Find(name) is { ValueKind: JsonValueKind.Object } value ? new FeedJson(value) : null;

    public IReadOnlyList<FeedJson> List(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Array } value ? [.. value.EnumerateArray().Select(item => new FeedJson(item))] : [];

    /// <summary>Of a Money.</summary>
    public long Amount(string name) => Part(name)?.Long("minorUnits") ?? 0;

    private JsonElement? Find(string camel)
    {
        if (json.TryGetProperty(camel, out var value)) return value;
        return json.TryGetProperty(JsonNamingPolicy.SnakeCaseLower.ConvertName(camel), out value) ? value : null;
    }
}
