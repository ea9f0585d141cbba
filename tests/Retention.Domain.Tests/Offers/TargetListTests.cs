using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

/// <summary>Target lists stand in a few grains however long they are, and lists of older journals still count.</summary>
public sealed class TargetListTests
{
    private readonly OfferScene scene = new();

    [Fact]
    public void A_short_list_is_one_grain_and_a_use_is_kept_of_those_only_who_redeemed()
    {
        scene.Active(Spring);

        scene.Target("off-1", [.. Enumerable.Range(1, 200).Select(number => $"customer-{number}"), "anna"]);
        scene.Redeemed(Till());

        var grains = scene.Books.Journal.Select(change => change.Grain).Distinct().ToArray();
        Assert.Equal("off-1|0", Assert.Single(grains, grain => grain.Kind == "offer-targets").Key);
        Assert.Equal("off-1|anna", Assert.Single(grains, grain => grain.Kind == "offer-use").Key);
    }

    [Fact]
    public void A_long_list_grows_by_buckets_of_bounded_size_and_loses_nobody()
    {
        scene.Active(Spring);
        var customers = Enumerable.Range(1, 9_000).Select(number => $"{number}").ToArray();

        foreach (var (index, call) in customers.Chunk(700).Index())
        {
            Assert.Equal(new TargetsAdded(call.Length, Math.Min(9_000, (index + 1) * 700)), scene.Target("off-1", call));
        }

        Assert.Equal(new TargetsAdded(0, 9_000), scene.Target("off-1", customers[4_000..5_000]));
        var buckets = Buckets();
        Assert.Equal(TargetBuckets.Count(9_000), buckets.Count);
        Assert.All(buckets, bucket => Assert.InRange(bucket.Length, 1, TargetBuckets.CustomersPerBucket * 5 / 2));
        Assert.Equal(customers.Order(), buckets.SelectMany(bucket => bucket).Order());
        Assert.Equal(RefusalReason.NotTargeted, scene.Refused(Till()));
    }

    [Fact]
    public void A_target_stays_one_when_the_list_grows()
    {
        scene.Active(Spring);
        scene.Target("off-1", "anna", "bert");

        scene.Target("off-1", [.. Enumerable.Range(1, 1_000).Select(number => $"{number}")]);

        Assert.Equal(new TargetsAdded(0, 1_002), scene.Target("off-1", "anna", "bert", "7"));
        scene.Redeemed(Till());
        scene.Redeemed(Till(customer: "bert"));
    }

    [Fact]
    public void Targets_of_an_older_journal_still_count_beside_new_ones()
    {
        scene.Active(Spring);
        scene.Books.Given(OfferGrains.OfferId(Tenant, "off-1"), new OfferTargetsAdded(1, Noon(2017, 5, 1)));
        scene.Books.Given(OfferGrains.UseId(Tenant, "off-1", "anna"), new UseTargeted(Noon(2017, 5, 1)));

        Assert.Equal(RefusalReason.NotTargeted, scene.Refused(Till(customer: "bert")));
        Assert.Equal(new TargetsAdded(1, 2), scene.Target("off-1", "anna", "bert"));
        scene.Redeemed(Till());
        scene.Redeemed(Till(customer: "bert"));
        Assert.Equal((2, 1), (scene.State("off-1").TargetCount, scene.State("off-1").ListedCount));
    }

    // Reads the whole list the slow way: what each bucket's facts say.
    private List<string[]> Buckets()
    {
        var ids = scene.Books.Journal.Select(change => change.Grain).Where(grain => grain.Kind == "offer-targets");
        return [.. ids.Distinct().Select(id => scene.Books.State<TargetListState>(id).CustomerIds.ToArray())];
    }
}
