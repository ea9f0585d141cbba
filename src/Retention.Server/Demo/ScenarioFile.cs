using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using Retention.Server.Commands;
using Retention.Server.Csv;
using Retention.Server.Demo.Dataset;

namespace Retention.Server.Demo;

/// <summary>Reads a scenario file: one JSON object whose keys override a dataset's own scenario.</summary>
public static class ScenarioFile
{
    public const int BrandsMax = 20;
    public const int DaysValidMax = 366;
    public const int DaysMax = 3_650;
    public const int CountMax = 1_000_000;
    public const int OpenMax = 50;
    public const int CouponMinorUnitsMax = 1_000_000;

    public static Scenario Read(string path, DemoDataset dataset)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageFailure($"{path}: the scenario file is not there or cannot be read.");
        }

        return Parse(text, Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".", dataset);
    }

    /// <param name="folder">Where paths in the scenario start.</param>
    public static Scenario Parse(string json, string folder, DemoDataset dataset)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new UsageFailure("The scenario must be one JSON object.");
            }

            var scenario = Scenario.For(dataset);
            var seen = new HashSet<string>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (!seen.Add(property.Name)) throw Fault(property, "stands twice.");
                scenario = Apply(scenario, property, folder);
            }

            return scenario;
        }
        catch (JsonException e)
        {
            throw new UsageFailure($"The scenario is not JSON, line {e.LineNumber + 1}.");
        }
    }

    private static Scenario Apply(Scenario scenario, JsonProperty property, string folder) => property.Name switch
    {
        "brands" => scenario with { Brands = BrandsOf(property) },
        "days_valid" => scenario with { DaysValid = Whole(property, 0, DaysValidMax) },
        "max_open_per_customer" => scenario with { MaxOpenPerCustomer = Whole(property, 1, OpenMax) },
        "max_issued_per_customer_month" => scenario with
        {
            MaxIssuedPerCustomerMonth = IsNull(property) ? null : Whole(property, 1, CountMax),
        },
        "coupon_minor_units" => scenario with { CouponMinorUnits = Whole(property, 1, CouponMinorUnitsMax) },
        "issuer_share_bps" => scenario with { IssuerShareBps = Whole(property, 0, 10_000) },
        "return_every_nth_event" => scenario with
        {
            ReturnEveryNthEvent = IsNull(property) ? null : Whole(property, 1, CountMax),
        },
        "return_after_days" => scenario with { ReturnAfterDays = Whole(property, 0, DaysMax) },
        "dispute_every_nth_redemption" => scenario with
        {
            DisputeEveryNthRedemption = IsNull(property) ? null : Whole(property, 1, CountMax),
        },
        "as_of" => scenario with { AsOf = DateOf(property) },
        "invalid_redemptions" => scenario with
        {
            InvalidRedemptionsPath = IsNull(property) ? null : PathOf(property, folder),
        },
        _ => throw new UsageFailure($"The scenario has an unknown key: {property.Name}."),
    };

    private static List<string> BrandsOf(JsonProperty property)
    {
        if (property.Value.ValueKind != JsonValueKind.Array) throw Fault(property, "must be a list of brand ids.");
        var brands = property.Value.EnumerateArray()
            .Select(brand => brand.ValueKind == JsonValueKind.String ? brand.GetString()! : "")
            .ToList();
        if (brands.Count is 0 or > BrandsMax) throw Fault(property, $"must name 1 to {BrandsMax} brands.");
        if (!brands.TrueForAll(Ids.IsId)) throw Fault(property, "must hold ids of 1 to 64 of A-Z a-z 0-9 . _ : ~ -");
        if (brands.Distinct().Count() < brands.Count) throw Fault(property, "must not name a brand twice.");
        return brands;
    }

    private static int Whole(JsonProperty property, int least, int most) =>
        property.Value.ValueKind == JsonValueKind.Number
        && property.Value.TryGetInt32(out var number)
        && number >= least
        && number <= most
            ? number
            : throw Fault(property, $"must be a whole number from {least} to {most}.");

    private static LocalDate DateOf(JsonProperty property) =>
        property.Value.ValueKind == JsonValueKind.String
        && LocalDatePattern.Iso.Parse(property.Value.GetString()!) is { Success: true, Value: var date }
            ? date
            : throw Fault(property, "must be a date like \"2017-12-31\".");

    private static string PathOf(JsonProperty property, string folder)
    {
        if (property.Value.ValueKind != JsonValueKind.String || property.Value.GetString() is not { Length: > 0 } path)
        {
            throw Fault(property, "must be the path of a CSV file.");
        }

        // Beside the scenario file first; a path as typed from the current directory serves too.
        var beside = Path.GetFullPath(path, Path.GetFullPath(folder));
        if (File.Exists(beside)) return beside;
        return File.Exists(path) ? Path.GetFullPath(path) : throw Fault(property, "names a file that is not there.");
    }

    private static bool IsNull(JsonProperty property) => property.Value.ValueKind == JsonValueKind.Null;

    private static UsageFailure Fault(JsonProperty property, string message) =>
        new($"The scenario's {property.Name} {message}");
}
