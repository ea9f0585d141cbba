using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Retention.Faults.Calls;

/// <summary>The process of a server that this program started, known by its data directory, and signals to it.</summary>
internal static partial class ServerPid
{
    private const int StopSignal = 19, ContinueSignal = 18;

    public static int Of(string dataFolder) => Process.GetProcesses()
        .Select(x => x.Id)
        .First(id => CommandLine(id).Split('\0') is var parts && parts.Contains("serve") && parts.Contains(dataFolder));

    public static void Pause(int process) => _ = Send(process, StopSignal);

    public static void Continue(int process) => _ = Send(process, ContinueSignal);

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
