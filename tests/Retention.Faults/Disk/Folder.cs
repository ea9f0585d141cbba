using System.Globalization;

namespace Retention.Faults.Disk;

/// <summary>A place in memory for the files of a row, gone when the row is done.</summary>
internal sealed class Folder : IDisposable
{
    private const string InMemory = "/dev/shm";
    private int count;

    public string Path { get; } = System.IO.Path.Combine(
        Directory.Exists(InMemory) ? InMemory : System.IO.Path.GetTempPath(), "retention-faults-" + Guid.NewGuid().ToString("N")[..8]);

    public Folder() => Directory.CreateDirectory(Path);

    /// <summary>A fresh directory in it.</summary>
    public string New() => Directory.CreateDirectory(System.IO.Path.Combine(
        Path, Interlocked.Increment(ref count).ToString(CultureInfo.InvariantCulture))).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
