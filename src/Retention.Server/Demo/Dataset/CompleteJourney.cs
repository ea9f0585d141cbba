using NodaTime;
using Retention.Server.Csv;

namespace Retention.Server.Demo.Dataset;

/// <summary>
/// Reads a folder in the shape of "The Complete Journey". Each file may be packed (.csv.gz) or not (.csv).
/// </summary>
public static class CompleteJourney
{
    /// <summary>Manufacturer 69 is the chain's own label.</summary>
    public const string Chain = "69";

    public static readonly IReadOnlyList<string> Brands = ["69", "194", "955", "317", "764", "1046"];

    public static readonly LocalDate LastDay = new(2017, 12, 31);

    public static DemoDataset Read(string folder)
    {
        var campaigns = ReadCampaigns(folder);
        var brandOfProduct = ReadProducts(folder);
        var (offers, brandOfCoupon) = ReadCoupons(folder, brandOfProduct);
        var redemptions = ReadRedemptions(FileIn(folder, "coupon_redemptions"));
        return new DemoDataset(Chain, Brands, LastDay, campaigns, offers, redemptions, brandOfCoupon);
    }

    /// <summary>Redemptions in file order; further columns are passed over.</summary>
    public static IReadOnlyList<DemoRedemption> ReadRedemptions(string path)
    {
        using var table = CsvTable.Open(path);
        var household = table.Column("household_id");
        var upc = table.Column("coupon_upc");
        var campaign = table.Column("campaign_id");
        var date = table.Column("redemption_date");
        return [.. table.Rows().Select(row =>
            new DemoRedemption(row.Id(household), row.Id(upc), row.Id(campaign), row.Date(date)))];
    }

    private static List<DemoCampaign> ReadCampaigns(string folder)
    {
        var households = ReadHouseholds(folder);
        using var table = CsvTable.Open(FileIn(folder, "campaign_descriptions"));
        var id = table.Column("campaign_id");
        var start = table.Column("start_date");
        var end = table.Column("end_date");
        var campaigns = new Dictionary<string, DemoCampaign>();
        foreach (var row in table.Rows())
        {
            var campaignId = row.Id(id);
            if (row.Date(end) < row.Date(start)) throw row.Fault(end, "lies before start_date.");
            var campaign = new DemoCampaign(
                campaignId, row.Date(start), row.Date(end), households.GetValueOrDefault(campaignId) ?? []);
            if (!campaigns.TryAdd(campaignId, campaign)) throw row.Fault(id, "stands in an earlier line already.");
        }

        return [.. campaigns.Values];
    }

    private static Dictionary<string, List<string>> ReadHouseholds(string folder)
    {
        using var table = CsvTable.Open(FileIn(folder, "campaigns"));
        var campaign = table.Column("campaign_id");
        var household = table.Column("household_id");
        var seen = new HashSet<(string, string)>();
        var households = new Dictionary<string, List<string>>();
        foreach (var row in table.Rows())
        {
            var (campaignId, householdId) = (row.Id(campaign), row.Id(household));
            if (!seen.Add((campaignId, householdId))) continue;
            if (!households.TryGetValue(campaignId, out var list)) households[campaignId] = list = [];
            list.Add(householdId);
        }

        return households;
    }

    private static Dictionary<string, string> ReadProducts(string folder)
    {
        using var table = CsvTable.Open(FileIn(folder, "products"));
        var product = table.Column("product_id");
        var manufacturer = table.Column("manufacturer_id");
        var brandOfProduct = new Dictionary<string, string>();
        foreach (var row in table.Rows())
        {
            brandOfProduct[row[product]] = row[manufacturer];
        }

        return brandOfProduct;
    }

    private static (List<DemoOffer> Offers, Dictionary<string, string> BrandOfCoupon) ReadCoupons(
        string folder, Dictionary<string, string> brandOfProduct)
    {
        using var table = CsvTable.Open(FileIn(folder, "coupons"));
        var upc = table.Column("coupon_upc");
        var product = table.Column("product_id");
        var campaign = table.Column("campaign_id");
        var offers = new HashSet<DemoOffer>();
        var inOrder = new List<DemoOffer>();
        var brands = new Dictionary<string, string>();
        foreach (var row in table.Rows())
        {
            var offer = new DemoOffer(row.Id(campaign), row.Id(upc));
            if (offers.Add(offer)) inOrder.Add(offer);

            // "" stands for "not one brand": no product has it, and nothing that follows can undo it.
            var brand = brandOfProduct.GetValueOrDefault(row[product], "");
            brands[offer.Upc] = brands.TryGetValue(offer.Upc, out var known) && known != brand ? "" : brand;
        }

        return (inOrder, brands.Where(pair => pair.Value.Length > 0).ToDictionary());
    }

    private static string FileIn(string folder, string name)
    {
        var packed = Path.Combine(folder, name + ".csv.gz");
        return File.Exists(packed) ? packed : Path.Combine(folder, name + ".csv");
    }
}
