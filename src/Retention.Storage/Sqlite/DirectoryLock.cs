using System.Diagnostics;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Keeps every other process, and every other store of this process, away from a data directory. The operating
/// system frees it when the process ends, however it ends.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private const string FileName = "retention.lock";

    // A killed process is gone a moment before the system has freed its lock.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly FileStream file;

    private DirectoryLock(FileStream file) => this.file = file;

    public static DirectoryLock Take(string directory) =>
        Open(directory, FileMode.OpenOrCreate, FileAccess.ReadWrite);

    /// <summary>Null where nothing was ever locked: a copy without the lock's file.</summary>
    public static DirectoryLock? TakeIfPresent(string directory) =>
        File.Exists(Path.Combine(directory, FileName)) ? Open(directory, FileMode.Open, FileAccess.Read) : null;

    public void Dispose() => file.Dispose();

    private static DirectoryLock Open(string directory, FileMode mode, FileAccess access)
    {
        var path = Path.Combine(directory, FileName);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                // FileShare.None is flock(LOCK_EX | LOCK_NB) here.
                return new DirectoryLock(new FileStream(path, mode, access, FileShare.None));
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(started) < Patience)
            {
                Thread.Sleep(Pause);
            }
            catch (IOException)
            {
                throw new StoreInUseException(directory);
            }
        }
    }
}

/// <summary>Another process, or another store of this one, works in the directory.</summary>
public sealed class StoreInUseException(string directory)
    : Exception($"The data directory {Path.GetFullPath(directory)} is in use by another process.")
{
    public string Directory { get; } = Path.GetFullPath(directory);
}

/// <summary>The database was written by a newer version of the program.</summary>
public sealed class StoreTooNewException(string directory, long found, long known)
    : Exception($"The data directory {Path.GetFullPath(directory)} has schema {found}; this program knows up to {known}.");
