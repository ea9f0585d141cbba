using System.Text.RegularExpressions;

namespace Retention.Server.Tests.Structure;

/// <summary>The table of rules names tests; a test that is renamed or gone must not stay in it.</summary>
public sealed partial class RuleTableTests
{
    private static readonly string Table = File.ReadAllText(Path.Combine(Repository.Root, "tests", "RULES.md"));

    [Fact]
    public void Every_test_that_the_table_names_exists()
    {
        var sources = Repository.Sources("tests").Select(path => File.ReadAllText(Path.Combine(Repository.Root, path))).ToList();
        var named = Named().Matches(Table).Select(match => match.Groups[1].Value).Distinct().ToList();

        Assert.True(named.Count > 20, "the table names too few tests to mean anything");
        var missing = named.FindAll(name => !sources.Exists(source => source.Contains($" {name}(", StringComparison.Ordinal)));
        Assert.Equal([], missing);
    }

    [Fact]
    public void Every_rule_of_coupons_and_of_joint_offers_stands_in_the_table_once()
    {
        var rules = Rules().Matches(Table).Select(match => match.Groups[1].Value);

        Assert.Equal(
            [
                .. Enumerable.Range(1, 12).Select(number => $"CP{number}"),
                .. Enumerable.Range(1, 13).Select(number => $"JC{number}"),
            ],
            rules);
    }

    [GeneratedRegex(@"`([A-Z]\w+_\w+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"^\| ((?:CP|JC)\d+) ", RegexOptions.Multiline)]
    private static partial Regex Rules();
}
