using System.Text.RegularExpressions;

namespace Retention.Server.Tests.Structure;

/// <summary>Whoever catches everything hides broken invariants, so the places that do are named here.</summary>
public sealed partial class CatchTests
{
    private static readonly string[] MayCatchEverything =
    [
        // The turn: a broken invariant drops its grains.
        "src/Retention.Engine/Core/ShardCore.Turns.cs",

        // Threads of the engine: a store that fails must not end them.
        "src/Retention.Engine/Hosting/Follower.cs",
        "src/Retention.Engine/Hosting/GrainHost.cs",
        "src/Retention.Engine/Hosting/Upkeep.cs",

        // The call: whatever breaks is INTERNAL without details.
        "src/Retention.Transport/Calls/RpcMethod.cs",

        // A thread of the load generator: its fault is told by the thread that waits for it.
        "src/Retention.Server/Load/LoadRun.cs",
    ];

    [Fact]
    public void Only_the_named_places_catch_everything()
    {
        var found = Repository.Sources("src")
            .Where(path => CatchesEverything().IsMatch(File.ReadAllText(Path.Combine(Repository.Root, path))))
            .ToHashSet();

        Assert.Subset(MayCatchEverything.ToHashSet(), found);
    }

    [Fact]
    public void Pages_of_warnings_are_not_silenced()
    {
        var found = Repository.Sources("src")
            .Where(path => File.ReadAllText(Path.Combine(Repository.Root, path)).Contains("#pragma warning disable"));

        Assert.Empty(found);
    }

    // With a filter, or when it throws again, it does not catch everything.
    [GeneratedRegex(@"catch\s*\(\s*(System\.)?Exception\s*\w*\s*\)(?!\s*when)|catch\s*\{(?![^{}]*\bthrow;)")]
    private static partial Regex CatchesEverything();
}
