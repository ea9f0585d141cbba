using System.Xml.Linq;

namespace Retention.Server.Tests.Structure;

/// <summary>Which project may know which; see the decision records for why.</summary>
public sealed class DirectionTests
{
    private static readonly Dictionary<string, string[]> MayKnow = new()
    {
        ["Kernel"] = [],
        ["Domain"] = ["Kernel"],
        ["Engine"] = ["Kernel"],
        ["Storage"] = ["Kernel", "Engine"],
        ["Transport"] = [],
        ["Contracts"] = [],
        ["Server"] = ["Kernel", "Domain", "Engine", "Storage", "Transport", "Contracts"],
    };

    private static readonly Dictionary<string, string[]> MayUsePackages = new()
    {
        ["Kernel"] = ["NodaTime"],
        ["Domain"] = ["Microsoft.CodeAnalysis.BannedApiAnalyzers"],
        ["Engine"] = ["Microsoft.CodeAnalysis.BannedApiAnalyzers"],
    };

    [Fact]
    public void Projects_know_only_those_beneath_them()
    {
        var wrong =
            from project in Projects()
            from reference in References(project, "ProjectReference")
            let known = Path.GetFileNameWithoutExtension(reference.Replace('\\', '/'))["Retention.".Length..]
            where !MayKnow[NameOf(project)].Contains(known)
            select $"{NameOf(project)} -> {known}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_inner_projects_depend_on_no_packages_but_those_named()
    {
        var wrong =
            from project in Projects()
            where MayUsePackages.ContainsKey(NameOf(project))
            from package in References(project, "PackageReference")
            where !MayUsePackages[NameOf(project)].Contains(package)
            select $"{NameOf(project)} -> {package}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_project_has_its_place()
    {
        Assert.Equal(MayKnow.Keys.Order(), Projects().Select(NameOf).Order());
    }

    private static IEnumerable<string> Projects() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories);

    private static string NameOf(string project) => Path.GetFileNameWithoutExtension(project)["Retention.".Length..];

    private static IEnumerable<string> References(string project, string element) =>
        XDocument.Load(project).Descendants(element).Select(reference => reference.Attribute("Include")!.Value);
}
