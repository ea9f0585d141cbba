using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Retention.Faults.Disk;

/// <summary>The library that stands between a process and its disk: compiled here, and spoken to from inside such a process.</summary>
internal static partial class Shim
{
    private const string Name = "faults_disk";
    private const string PathVariable = "LD_PRELOAD";

    static Shim() => NativeLibrary.SetDllImportResolver(
        Assembly.GetExecutingAssembly(),
        (name, _, _) => name == Name
            ? NativeLibrary.Load(System.Environment.GetEnvironmentVariable(PathVariable) ?? name)
            : 0);

    /// <summary>Compiles the library; null where there is no compiler.</summary>
    public static string? Compile(string folder)
    {
        var library = Path.Combine(folder, "disk.so");
        try
        {
            using var compiler = Process.Start(new ProcessStartInfo(
                "cc", ["-O2", "-shared", "-fPIC", "-o", library, Path.Combine(AppContext.BaseDirectory, "disk.c"), "-ldl", "-lpthread"])
            {
                RedirectStandardError = true,
            })!;
            var said = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            return compiler.ExitCode == 0 ? library : throw new InvalidOperationException(said);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>This very program as a child under the library.</summary>
    public static ProcessStartInfo Command(string library, string directory, string log, params string[] arguments)
    {
        var command = Self(arguments);
        foreach (var (name, value) in Environment(library, directory, log)) command.Environment[name] = value;
        return command;
    }

    /// <summary>What a child's environment needs so that its disk is recorded.</summary>
    public static IEnumerable<(string Name, string Value)> Environment(string library, string directory, string log) =>
        [(PathVariable, library), ("FAULTS_DIRECTORY", directory), ("FAULTS_LOG", log)];

    public static ProcessStartInfo Self(params string[] arguments) =>
        new(Path.Combine(AppContext.BaseDirectory, "Retention.Faults"), arguments)
        {
            RedirectStandardOutput = true,
        };

    /// <summary>Writes down that the number is acknowledged.</summary>
    [LibraryImport(Name, EntryPoint = "faults_mark")]
    public static partial void Mark(long number);

    /// <summary>From now on the calls from..to of the kind fail in the directory; kind 0: none does.</summary>
    [LibraryImport(Name, EntryPoint = "faults_arm", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void Arm(string directory, int kind, int error, long from, long to);

    /// <summary>Calls of the kind since the last arming; of kind 0: how many were made to fail.</summary>
    [LibraryImport(Name, EntryPoint = "faults_count")]
    public static partial long Count(int kind);
}
