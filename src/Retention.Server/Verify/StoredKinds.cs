using Retention.Domain;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>What a data directory of this product holds, and the laws that it must keep.</summary>
internal static class StoredKinds
{
    public static IReadOnlyList<IGrainKind> All => Registry.Default.Kinds;

    /// <summary>Fresh ones: a law adds up one journal. A new law is one line here.</summary>
    public static IReadOnlyList<INaiveLaw> Laws() =>
    [
        new NaivePoints(),
        new NaiveOffers(),
        new NaiveTargets(),
        new NaiveReservations(),
        new NaiveStacks(),
        new NaiveIssues(),
        new NaiveLimits(),
        new NaiveOffline(),
        new NaiveClearing(),
        new NaiveTerms(),
        new NaiveBilling(),
        new NaiveRates(),
        new NaiveEnding(),
        new NaiveLinks(),
        new NaiveTills(),
        new NaiveEntities(),
    ];
}
