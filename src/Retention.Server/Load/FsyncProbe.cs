using System.Diagnostics;

namespace Retention.Server.Load;

/// <summary>
/// What the disk takes to make 4 KiB durable, in this very run: figures of durable calls mean little without it.
/// </summary>
internal static class FsyncProbe
{
    private const int Appends = 200;
    private const int BlockLength = 4096;

    /// <summary>The median over appends to a new file in a directory, in microseconds.</summary>
    public static double MedianMicroseconds(string directory)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, $"fsync-probe-{Guid.NewGuid():N}");
        using var file = new FileStream(
            path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        var block = new byte[BlockLength];
        Random.Shared.NextBytes(block);
        var times = new double[Appends];
        for (var i = 0; i < Appends; i++)
        {
            var startedAt = Stopwatch.GetTimestamp();
            file.Write(block);
            file.Flush(flushToDisk: true);
            times[i] = Stopwatch.GetElapsedTime(startedAt).TotalMicroseconds;
        }

        Array.Sort(times);
        return times[Appends / 2];
    }
}
