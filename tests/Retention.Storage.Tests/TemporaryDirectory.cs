namespace Retention.Storage.Tests;

/// <summary>Deleted by the test's own DisposeAsync, after the store is closed.</summary>
internal sealed class TemporaryDirectory
{
    public string Path { get; } = Directory.CreateTempSubdirectory("retention-store-").FullName;

    public void Delete() => Directory.Delete(Path, recursive: true);
}
