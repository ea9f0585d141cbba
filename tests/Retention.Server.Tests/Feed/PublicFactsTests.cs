using System.Text;
using System.Text.Json;
using Retention.Server.Feed;
using Retention.Server.Tests.Structure;

namespace Retention.Server.Tests.Feed;

/// <summary>
/// Law: of every stored fact, each field is either told in the feed or kept back on purpose, and what is told is what
/// protos/feed.md says. Method: the golden files hold every fact with all of its fields.
/// </summary>
public sealed class PublicFactsTests
{
    private const string WriteVariable = "RETENTION_WRITE_DOCS";

    // Told as ClearingEvent, or not at all: the account tells what became of an agreement's coupons. Who is whom in an
    // agreement is nobody's to read.
    private static readonly HashSet<string> OtherwiseTold =
        ["account", "account-mark", "joint-coupon", "joint-use", "joint-person", "link-token"];

    // Free text, sealed profiles and notes, hashes of addresses, secrets and their digests, bearer codes.
    private static readonly HashSet<string> KeptBack =
    [
        "$type", "why", "reason", "out", "src", "note", "p", "k", "h", "old", "new", "lookupKey", "digest", "pseudonymKey",
        "code_key", "first_pseudonym_key", "second_pseudonym_key", "wallet-filled.code", "offer-reserved.coupon",
        "joint-coupon.c", "CredentialCreated.tenantId",
        "signing-key-made.sealed",
    ];

    [Fact]
    public void Every_field_of_every_fact_is_told_or_kept_back_on_purpose()
    {
        var undecided = new List<string>();
        foreach (var (kind, type, fact) in GoldenFacts())
        {
            if (OtherwiseTold.Contains(kind)) continue;
            if (!PublicFacts.Shapes.TryGetValue((kind, type), out var shape)) undecided.Add($"{kind} {type}");
            else undecided.AddRange(Untold(fact, shape).Where(field => !IsKeptBack(type, field)).Select(field => $"{kind} {type}: {field}"));
        }

        Assert.True(
            undecided.Count == 0,
            "Tell in src/Retention.Server/Feed/PublicFacts.cs, or keep back here: " + string.Join("; ", undecided));
    }

    [Fact]
    public void What_is_told_of_a_fact_is_as_the_document_says()
    {
        var path = Path.Combine(Repository.Root, "protos", "feed.md");
        var text = Document();
        if (Environment.GetEnvironmentVariable(WriteVariable) is not null) File.WriteAllText(path, text);
        Assert.True(File.ReadAllText(path) == text, $"protos/feed.md is old: run this test with {WriteVariable}=1.");
    }

    [Fact]
    public void A_shape_renames_and_leaves_out()
    {
        var shape = PublicShape.Parse("a>amount l>lines{i>line_id} gone");

        Assert.Equal(
            """{"amount":5,"lines":[{"line_id":"x"},{}]}""",
            shape.Of(Encoding.UTF8.GetBytes("""{"$type":"t","secret":1,"l":[{"i":"x","s":"secret"},{"s":2}],"a":5}""")));
    }

    private static IEnumerable<(string Kind, string Type, JsonElement Fact)> GoldenFacts()
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "tests", "Retention.Domain.Tests", "Golden"), "*.json");
        Assert.True(files.Length > 50, "too few golden files to mean anything");
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            var fact = JsonDocument.Parse(File.ReadAllBytes(file)).RootElement;
            yield return (Path.GetFileName(file).Split('.')[0], fact.GetProperty("$type").GetString()!, fact);
        }
    }

    private static IEnumerable<string> Untold(JsonElement value, PublicShape shape)
    {
        foreach (var property in value.EnumerateObject())
        {
            var field = shape.Fields.FirstOrDefault(told => told.Stored == property.Name);
            if (field is null)
            {
                yield return property.Name;
                continue;
            }

            foreach (var inside in Objects(property.Value).SelectMany(inner => Untold(inner, field.Inside ?? new PublicShape([]))))
            {
                yield return inside;
            }
        }
    }

    private static IEnumerable<JsonElement> Objects(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => [value],
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Objects),
        _ => [],
    };

    private static bool IsKeptBack(string type, string field) => KeptBack.Contains(field) || KeptBack.Contains($"{type}.{field}");

    private static string Document()
    {
        var text = new StringBuilder("""
            # What the feed tells of a fact

            `JournalEntry.json` of `FeedService.WatchJournal`, by `grain_kind` and `kind`. Names stay and new ones are added;
            `content_version` grows when a name goes or changes its meaning. A field that is 0, false or empty may be left out.
            `_time` is ISO 8601 in UTC, `_date` a day, amounts are minor units of the tenant's currency, points thousandths.
            Personal data, free text, codes and secrets are never told. Facts of an agreement's account come as
            `ClearingEvent` instead: there `rate` is a rate that was recorded between the two currencies of an agreement (`terms.fx`), and an
            entry names the one by which its `counter` amounts were converted. How to compute them anew: `FxTerms` in
            `agreement_service.proto`; `retention verify-statement` and `tests/interop/statement.py` do. This page is made from `src/Retention.Server/Feed/PublicFacts.cs`; a test holds it to it.

            | grain_kind | kind | fields |
            |---|---|---|

            """);
        foreach (var ((kind, fact), shape) in PublicFacts.Shapes.OrderBy(x => x.Key.GrainKind, StringComparer.Ordinal).ThenBy(x => x.Key.Fact, StringComparer.Ordinal))
        {
            text.Append($"| {kind} | {fact} | {Names(shape)} |\n");
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    private static string Names(PublicShape shape) => string.Join(
        ", ", shape.Fields.Select(field => field.Inside is null ? field.Public : $"{field.Public} {{{Names(field.Inside)}}}"));
}
