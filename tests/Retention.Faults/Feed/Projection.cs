using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Retention.V1;

namespace Retention.Faults.Feed;

/// <summary>
/// Points of customers, kept outside the server from what its journal tells, fact by fact. It notes what cannot be: a
/// position that goes back, a version of a grain that is skipped or told twice.
/// </summary>
internal sealed class Projection
{
    private readonly Dictionary<(string, string, string), long> versions = [];
    private readonly Dictionary<string, long> balances = [];
    private readonly Dictionary<string, int> purchases = [];
    private readonly Dictionary<long, string> digests = [];
    private byte[] digest = [];

    public List<string> Wrong { get; } = [];

    public long Position { get; private set; }

    public long Entries { get; private set; }

    /// <summary>Of everything told so far, in its order.</summary>
    public string Digest => Convert.ToHexString(digest);

    /// <summary>The digest when all of a position was told; null: nothing was told there.</summary>
    public string? DigestAt(long position) => digests.GetValueOrDefault(position);

    public long BalanceOf(string customer) => balances.GetValueOrDefault(customer);

    /// <summary>How often a purchase was told.</summary>
    public int CountOf(string purchase) => purchases.GetValueOrDefault(purchase);

    public void Apply(JournalEntry entry)
    {
        Entries++;
        if (entry.Position < Position) Wrong.Add($"position {entry.Position} is told after {Position}");
        Position = entry.Position;
        Count(entry);
        digest = SHA256.HashData([.. digest, .. entry.ToByteArray()]);
        digests[Position] = Digest;
        if (entry.GrainKind != "customer") return;
        using var fact = JsonDocument.Parse(entry.Json.Length == 0 ? "{}" : entry.Json);
        if (entry.Kind == "purchase")
        {
            Change(entry.GrainId, Number(fact, "accrued_millipoints"));
            var purchase = fact.RootElement.GetProperty("purchase_id").GetString()!;
            purchases[purchase] = CountOf(purchase) + 1;
        }
        else if (entry.Kind == "redeemed")
        {
            Change(entry.GrainId, -Number(fact, "millipoints"));
        }
    }

    private void Count(JournalEntry entry)
    {
        // An agreement's account numbers its entries instead; without an id there is nothing to count by.
        if (entry.Version == 0 || entry.GrainId.Length == 0) return;
        var grain = (entry.GrainKind, entry.GrainId, entry.AgreementId);
        var last = versions.GetValueOrDefault(grain);
        if (entry.Version != last + 1) Wrong.Add($"{grain.GrainKind} {grain.GrainId}: version {entry.Version} is told after {last}");
        versions[grain] = entry.Version;
    }

    private void Change(string customer, long millipoints) => balances[customer] = BalanceOf(customer) + millipoints;

    private static long Number(JsonDocument fact, string name) => !fact.RootElement.TryGetProperty(name, out var value) ? 0
        : value.ValueKind == JsonValueKind.String ? long.Parse(value.GetString()!, System.Globalization.CultureInfo.InvariantCulture)
        : value.GetInt64();
}
