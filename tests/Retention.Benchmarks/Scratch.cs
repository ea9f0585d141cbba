namespace Retention.Benchmarks;

/// <summary>The directory named, or a temporary one that is deleted afterwards.</summary>
internal sealed class Scratch(string named) : IDisposable
{
    public string Path { get; } = named.Length > 0 ? named : Directory.CreateTempSubdirectory("retention-bench-").FullName;

    public long Bytes => Directory.EnumerateFiles(Path).Sum(x => new FileInfo(x).Length);

    public void Dispose()
    {
        if (named.Length == 0)
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
