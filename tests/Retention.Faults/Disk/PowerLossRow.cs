using System.Diagnostics;
using Retention.Faults.Matrix;

namespace Retention.Faults.Disk;

/// <summary>
/// D1: the power goes at any moment. A store's every step on the disk is recorded with the moments at which it
/// acknowledged; then each image that a cut could have left is opened with the real storage and read as a whole.
/// </summary>
internal static class PowerLossRow
{
    private const int CommitsPerLife = 400;
    private const int ImagesPerLife = 500;
    private static readonly Cut[] Cuts = Enum.GetValues<Cut>();

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        if (Shim.Compile(folder.Path) is not { } library)
        {
            sheet.Skip("D1", "there is no C compiler (cc) to build the recording library with");
            return;
        }

        var images = sheet.Of(ci: 5_000, soak: 30_000);
        var lives = Enumerable.Range(0, images / ImagesPerLife).Select(_ => new Tally()).ToArray();
        await Parallel.ForAsync(0, lives.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (life, _) =>
            await lives[life].CutAsync(Live(folder.New(), library, life, "full"), ImagesPerLife, life));
        sheet.Add(
            new Outcome(
                "D1 power loss", lives.Sum(x => x.Images), lives.Sum(x => x.Acked), lives.Sum(x => x.Lost), 0,
                lives.Sum(x => x.Faults.Count)),
            lives.SelectMany(x => x.Faults));
        var control = new Tally();
        await control.CutAsync(Live(folder.New(), library, 1, "normal"), ImagesPerLife, 1);
        sheet.Control("D1", control.Lost > 0, $"with synchronous=NORMAL {control.ImagesThatLost} of {control.Images} images lost acknowledged commits");
    }

    /// <summary>One life of a store in a process of its own.</summary>
    private static Recorded Live(string directory, string library, int seed, string mode)
    {
        var log = directory + ".log";
        using var child = Process.Start(Shim.Command(
            library, directory, log, "diary", directory, $"{seed}", $"{CommitsPerLife}", mode))!;
        child.WaitForExit();
        if (child.ExitCode != 0) throw new InvalidOperationException($"The writer ended with {child.ExitCode}.");
        var records = DiskLog.Read(log);
        var end = new DiskState();
        foreach (var record in records) end.Apply(record);
        File.Delete(log);
        if (end.Differences().FirstOrDefault() is { } name)
        {
            throw new InvalidOperationException($"The record of {name} is not whole.");
        }

        return new Recorded(directory, records);
    }

    private sealed record Recorded(string Directory, IReadOnlyList<DiskRecord> Records);

    private sealed class Tally
    {
        public long Images { get; private set; }

        public long Acked { get; private set; }

        public long Lost { get; private set; }

        public long ImagesThatLost { get; private set; }

        public List<string> Faults { get; } = [];

        public async Task CutAsync(Recorded life, int images, int seed)
        {
            var random = new Random(seed);
            var moments = Enumerable.Range(0, images).Select(_ => random.Next(life.Records.Count + 1)).Order().ToArray();
            var disk = new DiskState();
            var (applied, acked) = (0, 0L);
            using var image = new Folder();
            foreach (var moment in moments)
            {
                for (; applied < moment; applied++)
                {
                    var record = life.Records[applied];
                    disk.Apply(record);
                    if (record.Step == DiskStep.Mark) acked = record.Number;
                }

                var cut = Cuts[random.Next(Cuts.Length)];
                var directory = image.New();
                disk.WriteImage(directory, life.Directory, cut, random);
                await JudgeAsync(directory, acked, $"life {seed}, {cut} at step {moment}");
                Directory.Delete(directory, recursive: true);
            }

            Acked += acked;
        }

        private async Task JudgeAsync(string directory, long acked, string where)
        {
            var findings = await DiaryCheck.OpenAsync(directory, acked, isThorough: Images % 10 == 0);
            Images++;
            Lost += findings.Lost;
            ImagesThatLost += findings.Lost > 0 ? 1 : 0;
            Faults.AddRange(findings.Wrong.Select(wrong => $"{where}: {wrong}"));
        }
    }
}
