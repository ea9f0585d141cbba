namespace Retention.Server.Tests;

/// <summary>
/// The real data of tests stands in no repository: in RETENTION_SHARED_DATA, or in shared/data beside a folder
/// above the tests.
/// </summary>
public static class SharedFolder
{
    public const string Variable = "RETENTION_SHARED_DATA";

    public static string? Path { get; } = Find();

    /// <summary>Why tests on the real data cannot run; null where they can.</summary>
    public static string? WhySkip =>
        Path is null ? $"The real data is not on this machine: set {Variable} to its folder." : null;

    public static string File(string relative) => System.IO.Path.Combine(
        Path ?? throw new InvalidOperationException("The shared data is not on this machine."), relative);

    private static string? Find()
    {
        var named = Environment.GetEnvironmentVariable(Variable);
        if (named is { Length: > 0 }) return Directory.Exists(named) ? named : null;
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var candidate = System.IO.Path.Combine(at.FullName, "shared", "data");
            if (Directory.Exists(System.IO.Path.Combine(candidate, "completejourney"))) return candidate;
        }

        return null;
    }
}

/// <summary>A test on the real data with several examples; as <see cref="SharedDataFactAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataTheoryAttribute : TheoryAttribute
{
    public SharedDataTheoryAttribute() => Skip = SharedFolder.WhySkip;
}

/// <summary>A test on the real data: shown as skipped, with the reason, where the data is not on the machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute() => Skip = SharedFolder.WhySkip;
}
