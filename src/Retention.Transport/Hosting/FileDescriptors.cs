using System.Runtime.InteropServices;

namespace Retention.Transport.Hosting;

/// <summary>The process's limit of open files, of which every connection takes one.</summary>
internal static partial class FileDescriptors
{
    // Where the limit cannot be read (Windows), handles are not what runs out first.
    private const int Fallback = 10_000;

    // The runtime itself and the stores. A small limit is not only shared with them: connections that are refused
    // hold a descriptor too until they are closed, so that the half alone has been seen to abort the process at 512.
    private const int OwnDescriptors = 256;

    /// <summary>Half of what the process does not need itself; the other half is for connections being refused.</summary>
    public static int ConnectionsMax()
    {
        var resource = OperatingSystem.IsLinux() ? 7 : OperatingSystem.IsMacOS() ? 8 : -1;
        if (resource < 0 || GetLimit(resource, out var limit) != 0) return Fallback;
        return (int)((Math.Clamp(limit.Soft, OwnDescriptors + 32, 2_000_000) - OwnDescriptors) / 2);
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public readonly ulong Soft;
        public readonly ulong Hard;
    }
}
