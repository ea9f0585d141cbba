using NodaTime;
using Retention.Server.Csv;
using Retention.Server.Demo.Dataset;

namespace Retention.Server.Tests.Demo;

public sealed class CompleteJourneyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("retention-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [SharedDataFact]
    public void The_real_folder_is_read_whole_and_repeated_coupon_rows_count_once()
    {
        var real = CompleteJourney.Read(SharedFolder.File("completejourney"));

        Assert.Equal(27, real.Campaigns.Count);
        Assert.Equal(6589, real.Campaigns.Sum(campaign => campaign.Households.Count));
        Assert.Equal(1197, real.Offers.Count);
        Assert.Equal(2102, real.Redemptions.Count);
    }

    [SharedDataFact]
    public void The_brand_of_each_coupon_is_found_from_its_products()
    {
        var golden = File.ReadAllLines(SharedFolder.File("golden/completejourney_coupon_partner.csv"))
            .Skip(1).Select(line => line.Split(',')).ToDictionary(fields => fields[0], fields => fields[1]);

        Assert.Equal(golden, CompleteJourney.Read(SharedFolder.File("completejourney")).BrandOfCoupon);
    }

    [Fact]
    public void A_coupon_with_a_product_of_unknown_brand_belongs_to_no_brand()
    {
        GivenFolder(products: "product_id,manufacturer_id\n1,69\n2,69\n3,194\n", coupons: """
            coupon_upc,product_id,campaign_id
            all-69,1,7
            all-69,2,7
            all-69,1,7
            mixed,1,7
            mixed,3,7
            mixed,1,7
            unknown,1,7
            unknown,99,7
            unknown-first,99,7
            unknown-first,1,7
            """);

        var brands = CompleteJourney.Read(folder).BrandOfCoupon;

        Assert.Equal(new Dictionary<string, string> { ["all-69"] = "69" }, brands);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var fault = Assert.Throws<CsvException>(() => CompleteJourney.Read(folder));

        Assert.Contains("campaigns.csv", fault.Message);
    }

    [Fact]
    public void A_wrong_date_is_named_by_file_line_and_column()
    {
        GivenFolder("product_id,manufacturer_id\n", "coupon_upc,product_id,campaign_id\n");
        File.WriteAllText(
            Path.Combine(folder, "coupon_redemptions.csv"),
            "household_id,coupon_upc,campaign_id,redemption_date\n1,2,7,2017-02-30\n");

        var fault = Assert.Throws<CsvException>(() => CompleteJourney.Read(folder));

        Assert.Equal("coupon_redemptions.csv, line 2: redemption_date must be a date like 2017-03-31.", fault.Message);
    }

    [Fact]
    public void Generated_data_is_the_same_each_time_and_has_the_shape_of_the_real()
    {
        var first = GeneratedDataset.Create();
        var second = GeneratedDataset.Create();

        Assert.Equal(first.Redemptions, second.Redemptions);
        Assert.Equal(first.Redemptions.OrderBy(r => r.Date), first.Redemptions);
        Assert.All(first.Redemptions, r => Assert.Contains(
            r.Household, first.Campaigns.Single(c => c.CampaignId == r.CampaignId).Households));
        Assert.All(first.Redemptions, r => Assert.InRange(r.Date, new LocalDate(2025, 1, 1), first.LastDay));
        Assert.True(first.Redemptions.Select(r => r.Household).Distinct().Count() > 100);
    }

    private void GivenFolder(string products, string coupons)
    {
        void Put(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
        Put("campaign_descriptions.csv", "campaign_id,campaign_type,start_date,end_date\n7,A,2017-01-01,2017-02-01\n");
        Put("campaigns.csv", "campaign_id,household_id\n7,1\n7,2\n7,1\n");
        Put("products.csv", products);
        Put("coupons.csv", coupons);
        Put("coupon_redemptions.csv", "household_id,coupon_upc,campaign_id,redemption_date\n");
    }
}
