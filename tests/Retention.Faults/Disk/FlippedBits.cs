using Retention.Engine.Ports;
using Retention.Faults.Matrix;
using Retention.Storage.Sqlite;

namespace Retention.Faults.Disk;

/// <summary>
/// D7: bits of the database or of its log flip while nobody looks. Each time the damage is reported, or every answer is
/// right all the same; nothing wrong and no shorter history is ever served. The end of the log alone, its last two
/// transactions, cannot be told from one that a power cut tore, so what is acknowledged here ends before them.
/// </summary>
internal static class FlippedBits
{
    private const int Flips = 50;
    private const int CommitsAtLeast = 150;

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        foreach (var file in (string[])["retention.db", "retention.db-wal"])
        {
            var (found, harmless, lost, acked, wrong) = (0, 0, 0L, 0L, new List<string>());
            for (var life = 0; life < sheet.Of(2, 50); life++)
            {
                var (whole, known) = await LiveAsync(folder.New(), life, keepsLog: file.EndsWith("-wal", StringComparison.Ordinal));
                acked += known;
                var random = new Random(life);
                for (var flip = 0; flip < Flips; flip++)
                {
                    var damaged = Copy(whole, folder.New());
                    var at = Flip(Path.Combine(damaged, file), random);
                    var findings = await OpenAsync(damaged, known);
                    if (findings is null) found++;
                    else if (findings is { Lost: 0, Wrong.Count: 0 }) harmless++;
                    lost += findings?.Lost ?? 0;
                    wrong.AddRange(findings?.Wrong.Select(x => $"life {life}, byte {at}: {x}") ?? []);
                    if (findings is { Lost: > 0 }) wrong.Add($"life {life}, byte {at}: {findings.Lost} commits silently gone");
                    Directory.Delete(damaged, recursive: true);
                }
            }

            sheet.Add(
                new Outcome($"D7 {file}", found + harmless, acked, lost, 0, wrong.Count, $"(reported {found}, harmless {harmless})"),
                wrong);
            sheet.Control($"D7 {file}", found > 0, "damage was reported at all");
        }
    }

    /// <summary>A directory as a killed process leaves it, with commits in the log; and all but its last batch.</summary>
    private static async Task<(string Directory, long Known)> LiveAsync(string directory, int seed, bool keepsLog)
    {
        var copy = directory + ".killed";
        var random = new Random(seed);
        long known = 0, before = 0;

        // Either all is in the log, or most of it is in the database.
        var options = Diary.Options(directory);
        await using var store = SqliteGrainStore.Open(keepsLog
            ? options with { CheckpointBytes = 1 << 20, LogBytesMax = 8 << 20, IdleAfter = TimeSpan.FromMinutes(1) }
            : options);
        while (store.Head < CommitsAtLeast)
        {
            (known, before) = (before, store.Head);
            await store.CommitAsync(Diary.After(store.Head, 1 + random.Next(8)), default);
            await DiaryWriter.SaveWantedAsync(store);
        }

        Directory.CreateDirectory(copy);
        return (Copy(directory, copy), known);
    }

    /// <summary>Null: the damage was reported.</summary>
    private static async Task<DiaryFindings?> OpenAsync(string directory, long known)
    {
        try
        {
            await using var store = SqliteGrainStore.Open(Diary.Options(directory));
            return await DiaryCheck.RunAsync(store, known);
        }
        catch (Exception reported) when (reported is StoreDamagedException or StoreBrokenException or StoreTooNewException or IOException)
        {
            return null;
        }
    }

    private static string Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "retention.db*").Where(x => !x.EndsWith("-shm", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        return to;
    }

    private static long Flip(string path, Random random)
    {
        using var file = File.Open(path, FileMode.Open);
        var at = file.Length == 0 ? throw new InvalidOperationException($"{path} is empty.") : random.NextInt64(file.Length);
        file.Position = at;
        var was = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(was ^ (1 << random.Next(8))));
        return at;
    }
}
