using System.Numerics;
using Retention.Kernel;

namespace Retention.Domain.Offers;

/// <summary>
/// Which part of an offer's target list a customer stands in. Linear hashing: the list has one bucket for each
/// <see cref="CustomersPerBucket"/> customers and grows by splitting one bucket at a time, so that a membership is one
/// grain and no grain holds much more than twice that number.
/// </summary>
public static class TargetBuckets
{
    public const int CustomersPerBucket = 256;

    /// <summary>Buckets of a list of so many customers; at least one.</summary>
    public static int Count(long listed) =>
        (int)Math.Max(1, (listed + CustomersPerBucket - 1) / CustomersPerBucket);

    /// <summary>The customer's bucket, from 0, when the list has so many.</summary>
    public static int Of(string customerId, int buckets)
    {
        var hash = StableHash.Of(customerId);
        var whole = BitOperations.RoundUpToPowerOf2((uint)buckets);
        var bucket = hash & (whole - 1);
        return (int)(bucket < buckets ? bucket : hash & ((whole >> 1) - 1));
    }

    /// <summary>The bucket, one of the first so many, that a later bucket takes its customers from.</summary>
    public static int Origin(int bucket, int buckets)
    {
        while (bucket >= buckets)
        {
            bucket -= 1 << BitOperations.Log2((uint)bucket);
        }

        return bucket;
    }
}
