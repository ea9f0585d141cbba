using NodaTime;

namespace Retention.Server.Demo.Dataset;

/// <summary>A chain's year: its campaigns, whom they were for, which coupons they had and who used them.</summary>
/// <param name="Chain">Brand whose tenant owns the campaigns.</param>
/// <param name="Brands">The brands that a scenario joins unless it names its own.</param>
/// <param name="LastDay">The day at whose end the report is read unless a scenario names its own.</param>
/// <param name="Campaigns">In file order.</param>
/// <param name="Offers">One per campaign and coupon UPC, in order of first appearance, without repeats.</param>
/// <param name="Redemptions">In file order.</param>
/// <param name="BrandOfCoupon">
/// The one brand that makes all products of a coupon. A coupon with products of several brands, or with a product
/// whose brand is not known, is not here: it is not certain that all belong to one.
/// </param>
public sealed record DemoDataset(
    string Chain,
    IReadOnlyList<string> Brands,
    LocalDate LastDay,
    IReadOnlyList<DemoCampaign> Campaigns,
    IReadOnlyList<DemoOffer> Offers,
    IReadOnlyList<DemoRedemption> Redemptions,
    IReadOnlyDictionary<string, string> BrandOfCoupon)
{
    /// <summary>Redemptions that the chain must refuse; empty unless the dataset brings its own.</summary>
    public IReadOnlyList<DemoRedemption> InvalidRedemptions { get; init; } = [];
}

/// <param name="EndsOn">The last day on which its coupons are taken.</param>
/// <param name="Households">Without repeats.</param>
public sealed record DemoCampaign(
    string CampaignId, LocalDate StartsOn, LocalDate EndsOn, IReadOnlyList<string> Households);

public sealed record DemoOffer(string CampaignId, string Upc);

public sealed record DemoRedemption(string Household, string Upc, string CampaignId, LocalDate Date);
