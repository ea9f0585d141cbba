using System.Diagnostics;
using System.Globalization;
using Retention.Engine.Ports;
using Retention.Faults.Matrix;
using Retention.Storage.Sqlite;

namespace Retention.Faults.Disk;

/// <summary>
/// D3: each call on the disk fails once, and some for ever from then on. A store lives 200 commits in a process under the
/// library; whatever fails, it ends writing or refuses cleanly, and a later start finds all that was acknowledged.
/// </summary>
internal static class FailingDisk
{
    private const int Commits = 200;
    private const int CommitsPerBatch = 8;

    // The control: "write EIO for ever", some calls of one life, with acknowledgements given too early.
    private const int HastyFault = 4;
    private const int HastyStride = 15;

    // Kinds and errors as disk.c and errno.h number them.
    private const int Writes = 1, Syncs = 2, Truncations = 3, Opens = 4, Reads = 5, Unlinks = 6;
    private const int Eintr = 4, Eio = 5, Emfile = 24, Enospc = 28, Short = -1;

    private static readonly (string Name, int Kind, int Error, bool IsLasting)[] Faults =
    [
        ("write EIO", Writes, Eio, false),
        ("write ENOSPC", Writes, Enospc, false),
        ("write EINTR", Writes, Eintr, false),
        ("write cut short", Writes, Short, false),
        ("write EIO for ever", Writes, Eio, true),
        ("write ENOSPC for ever", Writes, Enospc, true),
        ("sync EIO", Syncs, Eio, false),
        ("sync EINTR", Syncs, Eintr, false),
        ("sync EIO for ever", Syncs, Eio, true),
        ("truncate EIO", Truncations, Eio, false),
        ("open EMFILE", Opens, Emfile, false),
        ("read EIO", Reads, Eio, false),
        ("unlink EIO", Unlinks, Eio, false),
    ];

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        if (Shim.Compile(folder.Path) is not { } library)
        {
            sheet.Skip("D3", "there is no C compiler (cc) to build the failing disk with");
            return;
        }

        // Soaks play other lives too; one process each, because a process has one disk.
        var outcomes = new Outcome[Faults.Length];
        var notes = new List<string>[Faults.Length];
        await Parallel.ForAsync(0, Faults.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (index, _) =>
            (outcomes[index], notes[index]) = await ChildAsync(library, folder.New(), index, lives: sheet.Of(1, 3)));
        for (var index = 0; index < Faults.Length; index++) sheet.Add(outcomes[index], notes[index]);
        var (hasty, _) = await ChildAsync(library, folder.New(), HastyFault, lives: 0);
        sheet.Control("D3", hasty.Lost > 0, $"a store that acknowledges before it has written loses {hasty.Lost}");
    }

    /// <summary>The child: sweeps one fault over all calls of its kind. No lives: the control.</summary>
    public static async Task<int> SweepAsync(string root, int index, int lives)
    {
        var fault = Faults[index];
        var (cycles, acked, lost, stopped, refused) = (0L, 0L, 0L, 0L, 0L);
        var wrong = new List<string>();
        var isHasty = lives == 0;
        for (var life = 0; life < Math.Max(1, lives); life++)
        {
            for (var nth = 1L; ; nth += isHasty ? HastyStride : 1)
            {
                var directory = Path.Combine(root, $"{life}.{nth}");
                Directory.CreateDirectory(directory);
                Shim.Arm(directory, fault.Kind, fault.Error, nth, fault.IsLasting ? long.MaxValue : nth);
                var lived = await LiveAsync(directory, life, isHasty);
                var failed = Shim.Count(0);
                Shim.Arm(directory, 0, 0, 0, 0);
                var found = await DiaryCheck.OpenAsync(directory, lived.Acked);
                Directory.Delete(directory, recursive: true);
                if (failed == 0) break;
                cycles++;
                acked += lived.Acked;
                lost += found.Lost;
                stopped += lived.IsStopped ? 1 : 0;
                refused += lived.IsRefused ? 1 : 0;
                wrong.AddRange(lived.Wrong.Concat(found.Wrong).Select(what => $"call {nth}: {what}"));
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{cycles} {acked} {lost} {wrong.Count} {stopped} {refused}"));
        foreach (var what in wrong.Take(20)) Console.WriteLine(what.ReplaceLineEndings(" "));
        return 0;
    }

    private static async Task<(Outcome Outcome, List<string> Notes)> ChildAsync(
        string library, string root, int index, int lives)
    {
        var command = Shim.Command(library, root, "/dev/null", "errors", root, $"{index}", $"{lives}");
        using var child = Process.Start(command)!;
        var said = (await child.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await child.WaitForExitAsync();
        var name = $"D3 {Faults[index].Name}";
        if (said.Length == 0 || child.ExitCode != 0)
        {
            return (new Outcome(name, 0, 0, 0, 0, 1, $"the child ended with {child.ExitCode}"), []);
        }

        var figures = said[0].Split(' ').Select(long.Parse).ToArray();
        var note = $"(stopped {figures[4]}, refused as full {figures[5]})";
        return (new Outcome(name, figures[0], figures[1], figures[2], 0, figures[3], note), [.. said[1..]]);
    }

    private static async Task<Life> LiveAsync(string directory, int seed, bool isHasty)
    {
        var life = new Life { IsHasty = isHasty };
        var random = new Random(seed);
        try
        {
            await using var store = SqliteGrainStore.Open(Diary.Options(directory));
            for (var batch = 0; batch < Commits / CommitsPerBatch; batch++)
            {
                await AppendAsync(store, seed == 0 ? CommitsPerBatch : 1 + random.Next(2 * CommitsPerBatch), life);
                if (life.IsStopped) break;
            }
        }
        catch (Exception fault) when (fault is StoreDamagedException or IOException or StoreBrokenException)
        {
            // It did not start, or could not end in order; nothing more is written.
            life.IsStopped = true;
        }
        catch (Exception fault)
        {
            life.Wrong.Add($"unforeseen: {fault.GetType().Name} {fault.Message}");
        }

        return life;
    }

    private static async Task AppendAsync(SqliteGrainStore store, int count, Life life)
    {
        try
        {
            if (life.IsHasty) life.Acked = store.Head + count;
            var results = await store.CommitAsync(Diary.After(store.Head, count), CancellationToken.None);
            if (results.All(x => x.Verdict == CommitVerdict.Done)) life.Acked = results[^1].Position;
            else life.IsRefused = true;
            if (results.Any(x => x.Verdict == CommitVerdict.Conflict)) life.Wrong.Add("a commit met a conflict");
            await DiaryWriter.SaveWantedAsync(store);
        }
        catch (StoreBrokenException)
        {
            life.IsStopped = true;
            await MustRefuseAsync(store, life);
        }
        catch (Exception fault) when (fault is IOException)
        {
            // A read that failed; what was acknowledged stays so.
        }
    }

    /// <summary>After a failed write nobody knows what is on the disk, so not even one more commit may be tried.</summary>
    private static async Task MustRefuseAsync(SqliteGrainStore store, Life life)
    {
        try
        {
            await store.CommitAsync(Diary.After(store.Head, 1), CancellationToken.None);
            life.Wrong.Add("a broken store took a commit");
        }
        catch (StoreBrokenException)
        {
        }
    }

    private sealed class Life
    {
        public bool IsHasty { get; init; }

        public long Acked { get; set; }

        public bool IsStopped { get; set; }

        public bool IsRefused { get; set; }

        public List<string> Wrong { get; } = [];
    }
}
