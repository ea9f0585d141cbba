using Retention.Server.Demo.Dataset;

namespace Retention.Server.Tests.Demo;

/// <summary>Writes a dataset as a Complete Journey folder, its rows in another order for each seed.</summary>
public static class DatasetFolder
{
    public static void Write(DemoDataset dataset, string folder, ulong seed)
    {
        var numbers = new SeededNumbers(seed);
        Put(folder, "campaign_descriptions", "campaign_id,start_date,end_date", numbers, dataset.Campaigns.Select(
            campaign => $"{campaign.CampaignId},{campaign.StartsOn:uuuu-MM-dd},{campaign.EndsOn:uuuu-MM-dd}"));
        Put(folder, "campaigns", "campaign_id,household_id", numbers, dataset.Campaigns.SelectMany(campaign =>
            campaign.Households.Select(household => $"{campaign.CampaignId},{household}")));

        // A coupon of one brand has two products of it; any other has products of two brands.
        Put(folder, "products", "product_id,manufacturer_id,department", numbers, dataset.Brands.SelectMany(brand =>
            new[] { $"{brand}-1,{brand},\"FOOD, OTHER\"", $"{brand}-2,{brand},FOOD" }));
        Put(folder, "coupons", "coupon_upc,product_id,campaign_id", numbers, dataset.Offers.SelectMany(offer =>
            ProductsOf(dataset, offer.Upc).Select(product => $"{offer.Upc},{product},{offer.CampaignId}")));
        Put(folder, "coupon_redemptions", "household_id,coupon_upc,campaign_id,redemption_date", numbers,
            dataset.Redemptions.Select(row => $"{row.Household},{row.Upc},{row.CampaignId},{row.Date:uuuu-MM-dd}"));
    }

    private static string[] ProductsOf(DemoDataset dataset, string upc) =>
        dataset.BrandOfCoupon.TryGetValue(upc, out var brand)
            ? [$"{brand}-1", $"{brand}-2", $"{brand}-1"]
            : [$"{dataset.Brands[0]}-1", $"{dataset.Brands[1]}-1"];

    private static void Put(string folder, string name, string header, SeededNumbers numbers, IEnumerable<string> rows)
    {
        var lines = rows.ToArray();
        for (var last = lines.Length - 1; last > 0; last--)
        {
            var other = numbers.Below(last + 1);
            (lines[last], lines[other]) = (lines[other], lines[last]);
        }

        File.WriteAllLines(Path.Combine(folder, name + ".csv"), lines.Prepend(header));
    }
}
