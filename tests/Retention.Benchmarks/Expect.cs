using Retention.Engine.Ports;

namespace Retention.Benchmarks;

/// <summary>A figure of wrong answers would be worth nothing.</summary>
internal static class Expect
{
    public static void Done(IReadOnlyList<CommitResult> results) =>
        That(results.All(x => x.Verdict == CommitVerdict.Done), "a commit was not done");

    public static void That(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"The benchmark is void: {otherwise}.");
        }
    }
}
