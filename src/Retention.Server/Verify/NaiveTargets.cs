using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Target lists: each bucket holds who was listed there and not moved away, in order, once, where a membership looks
/// for him; and an offer's buckets hold as many as the offer counts.
/// </summary>
public sealed class NaiveTargets : INaiveLaw
{
    private const int CustomersPerBucket = 256;
    private readonly Dictionary<GrainId, long> listed = [];
    private readonly Dictionary<GrainId, Bucket> buckets = [];

    public string Name => "targets";

    public bool Concerns(string grainKind) => grainKind is "offer" or "offer-targets";

    public void See(NaiveFact fact)
    {
        switch (fact.Type)
        {
            case "offer-targets-listed":
                listed[fact.Grain] = listed.GetValueOrDefault(fact.Grain) + fact.Json.Long("count");
                break;
            case "targets-listed":
                foreach (var customer in fact.Json.List("customer_ids"))
                {
                    Of(fact.Grain).Add(customer.GetString()!);
                }

                break;
            case "targets-moved":
                foreach (var customer in fact.Json.List("customer_ids"))
                {
                    Of(fact.Grain).Remove(customer.GetString()!);
                }

                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind == "offer")
        {
            var (counted, shown) = (listed.GetValueOrDefault(grain), state.Long("listed_count"));
            if (counted != shown) yield return Unequal(grain, "listed", counted, shown);
            yield break;
        }

        var (offer, number) = Place(grain);
        var (all, before) = (listed.GetValueOrDefault(offer), "");
        var seen = new Bucket();
        foreach (var customer in state.List("customer_ids").Select(item => item.GetString()!))
        {
            seen.Add(customer);
            if (seen.Count > 1 && string.CompareOrdinal(before, customer) >= 0)
            {
                yield return new Difference(grain, Name, $"customer {seen.Count} of the bucket is out of order");
            }

            if (BucketOf(customer, all) != number)
            {
                yield return new Difference(
                    grain, Name, $"customer {seen.Count} of the bucket belongs to bucket {BucketOf(customer, all)}");
            }

            before = customer;
        }

        if (seen.Count != Of(grain).Count) yield return Unequal(grain, "customers", Of(grain).Count, seen.Count);
        else if (seen.Sum != Of(grain).Sum) yield return new Difference(grain, Name, "other customers than were listed");
    }

    public IEnumerable<Difference> Finish()
    {
        var inBuckets = buckets
            .GroupBy(bucket => Place(bucket.Key).Offer)
            .ToDictionary(group => group.Key, group => group.Sum(bucket => bucket.Value.Count));
        return inBuckets.Keys.Union(listed.Keys)
            .Where(offer => inBuckets.GetValueOrDefault(offer) != listed.GetValueOrDefault(offer))
            .Select(offer => Unequal(
                offer, "customers in buckets", inBuckets.GetValueOrDefault(offer), listed.GetValueOrDefault(offer)));
    }

    // The list of n buckets has split the first ones of a doubling that is not complete yet.
    private static long BucketOf(string customer, long all)
    {
        var count = Math.Max(1, (all + CustomersPerBucket - 1) / CustomersPerBucket);
        long doubled = 1;
        while (doubled * 2 <= count)
        {
            doubled *= 2;
        }

        var bucket = StableHash.Of(customer) % (doubled * 2);
        return bucket < count ? bucket : bucket - doubled;
    }

    private static (GrainId Offer, long Number) Place(GrainId bucket)
    {
        var bar = bucket.Key.LastIndexOf('|');
        var number = long.Parse(bucket.Key[(bar + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        return (new GrainId(bucket.Partition, "offer", bucket.Key[..bar]), number);
    }

    private static Difference Unequal(GrainId grain, string what, long counted, long shown) =>
        new(grain, "targets", $"{what}: {counted} counted, {shown} shown");

    private Bucket Of(GrainId grain)
    {
        if (!buckets.TryGetValue(grain, out var bucket)) buckets[grain] = bucket = new Bucket();
        return bucket;
    }

    /// <summary>A sum of hashes tells one set of customers from another without keeping them.</summary>
    private sealed class Bucket
    {
        public long Count { get; private set; }

        public ulong Sum { get; private set; }

        public void Add(string customer)
        {
            Count++;
            Sum = unchecked(Sum + Hash(customer));
        }

        public void Remove(string customer)
        {
            Count--;
            Sum = unchecked(Sum - Hash(customer));
        }

        // FNV-1a, the 64-bit one.
        private static ulong Hash(string customer)
        {
            var hash = 14695981039346656037UL;
            foreach (var unit in customer)
            {
                hash = unchecked((hash ^ unit) * 1099511628211UL);
            }

            return hash;
        }
    }
}
