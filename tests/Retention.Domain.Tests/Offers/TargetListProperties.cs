using FsCheck;
using FsCheck.Fluent;
using Retention.Domain.Offers;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

/// <summary>Laws of target lists over generated calls. FsCheck prints the seed and shrinks.</summary>
public sealed class TargetListProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(30).WithEndSize(30);

    /// <summary>
    /// Whatever is added in whatever portions, the list holds each customer once, in the bucket where he is looked for,
    /// and nobody else. Method: a plain set beside the offer; after the last call every bucket is compared with it.
    /// </summary>
    [Fact]
    public void A_list_is_a_set_in_the_right_buckets() => Check.One(
        Thorough, Prop.ForAll(ArbMap.Default.ArbFor<(ushort From, byte Count)[]>(), Live));

    private static void Live((ushort From, byte Count)[] calls)
    {
        var scene = new OfferScene();
        scene.Active(Spring);
        var known = new HashSet<string>();
        foreach (var (from, count) in calls)
        {
            var customers = Enumerable.Range(from * 311 % 9_000, count * 3).Select(number => $"c-{number}").ToArray();
            var fresh = customers.Count(known.Add);
            Assert.Equal(new TargetsAdded(fresh, known.Count), scene.Target("off-1", customers));
        }

        var buckets = TargetBuckets.Count(known.Count);
        var expected = known.ToLookup(customer => TargetBuckets.Of(customer, buckets));
        for (var bucket = 0; bucket < buckets; bucket++)
        {
            var state = scene.Books.State<TargetListState>(OfferGrains.TargetsId(Tenant, "off-1", bucket));
            Assert.Equal(expected[bucket].Order(StringComparer.Ordinal), state.CustomerIds);
        }

        var last = OfferGrains.TargetsId(Tenant, "off-1", buckets);
        Assert.Empty(scene.Books.State<TargetListState>(last).CustomerIds);
    }
}
