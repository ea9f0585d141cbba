using NodaTime;

namespace Retention.Server.Demo.Dataset;

/// <summary>
/// A small invented year in the shape of the real data: one chain, five partner brands, eight campaigns.
/// The same seed gives the same year on every machine and version.
/// </summary>
public sealed class GeneratedDataset
{
    public const ulong DefaultSeed = 2025;
    private const int HouseholdCount = 320;
    private const int CampaignCount = 8;
    private const int InvalidPerReason = 5;
    private static readonly string[] Names = ["harbor", "alder", "brook", "cedar", "dune", "ember"];
    private static readonly LocalDate FirstDay = new(2025, 1, 1);
    private static readonly LocalDate LastDay = new(2025, 12, 31);
    private readonly SeededNumbers numbers;
    private readonly List<DemoCampaign> campaigns = [];
    private readonly List<DemoOffer> offers = [];
    private readonly Dictionary<string, string> brandOfCoupon = [];

    private GeneratedDataset(ulong seed) => numbers = new SeededNumbers(seed);

    public static DemoDataset Create(ulong seed = DefaultSeed)
    {
        var year = new GeneratedDataset(seed);
        year.AddCampaigns();
        return new DemoDataset(
            Names[0], Names, LastDay, year.campaigns, year.offers, year.Redemptions(), year.brandOfCoupon)
        {
            InvalidRedemptions = year.InvalidRedemptions(),
        };
    }

    private void AddCampaigns()
    {
        for (var index = 0; index < CampaignCount; index++)
        {
            var start = FirstDay.PlusDays(5 + index * 42 + numbers.Below(10));
            var households = Enumerable.Range(1, HouseholdCount).Where(_ => numbers.Below(100) < 45);
            var campaign = new DemoCampaign(
                $"{index + 1}", start, start.PlusDays(20 + numbers.Below(30)), [.. households.Select(h => $"{h}")]);
            campaigns.Add(campaign);
            AddCoupons(campaign, index);
        }
    }

    private void AddCoupons(DemoCampaign campaign, int index)
    {
        for (var number = 0; number < 12; number++)
        {
            var upc = $"{50_000_000_000 + index * 1_000 + number}";
            offers.Add(new DemoOffer(campaign.CampaignId, upc));

            // Every fourth coupon is for products of several brands: it tells of no brand's customer.
            if (number % 4 != 3) brandOfCoupon[upc] = Names[numbers.Below(Names.Length)];
        }
    }

    private List<DemoRedemption> Redemptions()
    {
        var redemptions = new List<DemoRedemption>();
        foreach (var campaign in campaigns)
        {
            var coupons = offers.Where(offer => offer.CampaignId == campaign.CampaignId).ToArray();
            foreach (var household in campaign.Households.Where(_ => numbers.Below(100) < 22))
            {
                var visits = 1 + numbers.Below(3);
                for (var visit = 0; visit < visits; visit++)
                {
                    // Different coupons per visit, so that nobody comes near the limit of two per coupon.
                    var coupon = coupons[(numbers.Below(4) + visit * 4) % coupons.Length];
                    redemptions.Add(new DemoRedemption(household, coupon.Upc, campaign.CampaignId, DayIn(campaign)));
                }
            }
        }

        return [.. redemptions.OrderBy(redemption => redemption.Date)];
    }

    private List<DemoRedemption> InvalidRedemptions()
    {
        var invalid = new List<DemoRedemption>();
        for (var index = 0; index < InvalidPerReason; index++)
        {
            var campaign = campaigns[index];
            var offer = offers.First(candidate => candidate.CampaignId == campaign.CampaignId);
            var foreign = offers.First(candidate => candidate.CampaignId != campaign.CampaignId);
            var household = campaign.Households[index];
            var stranger = Enumerable.Range(1, HouseholdCount).Select(h => $"{h}")
                .First(h => !campaign.Households.Contains(h));
            invalid.Add(new DemoRedemption(stranger, offer.Upc, campaign.CampaignId, DayIn(campaign)));
            invalid.Add(new DemoRedemption(household, foreign.Upc, campaign.CampaignId, DayIn(campaign)));
            invalid.Add(new DemoRedemption(
                household, offer.Upc, campaign.CampaignId, campaign.StartsOn.PlusDays(-1 - index * 5)));
            invalid.Add(new DemoRedemption(
                household, offer.Upc, campaign.CampaignId, campaign.EndsOn.PlusDays(1 + index * 5)));
        }

        return [.. invalid.OrderBy(redemption => redemption.Date)];
    }

    private LocalDate DayIn(DemoCampaign campaign) =>
        campaign.StartsOn.PlusDays(numbers.Below(Period.DaysBetween(campaign.StartsOn, campaign.EndsOn) + 1));
}
