using System.Runtime.InteropServices;

namespace Retention.Transport.Hosting;

/// <summary>The process's limit of open files, of which every connection takes one.</summary>
internal static partial class FileDescriptors
{
    // Where the limit cannot be read (Windows), handles are not what runs out first.
    private const int Fallback = 10_000;

    public static int HalfOfLimit()
    {
        var resource = OperatingSystem.IsLinux() ? 7 : OperatingSystem.IsMacOS() ? 8 : -1;
        if (resource < 0 || GetLimit(resource, out var limit) != 0) return Fallback;
        return (int)Math.Clamp(limit.Soft / 2, 16, 1_000_000);
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
