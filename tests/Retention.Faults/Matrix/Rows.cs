using Retention.Faults.Calls;
using Retention.Faults.Database;
using Retention.Faults.Disk;
using Retention.Faults.Feed;
using Retention.Faults.Tenants;
using Retention.Faults.Time;
using Retention.Faults.Wire;

namespace Retention.Faults.Matrix;

/// <summary>The command line, and every row that can be run.</summary>
internal static class Rows
{
    private const string Usage = """
        ci [ROW...]     the rows with the figures of a check before landing, all or those named
        soak [ROW...]   the same with the figures of a long run
        rows            their names
        """;

    private static readonly (string Name, Func<Sheet, Task> Run)[] All =
    [
        ("D1", PowerLossRow.RunAsync),
        ("D1server", ServerPowerLossRow.RunAsync),
        ("D3", FailingDisk.RunAsync),
        ("D4", FullDisk.RunAsync),
        ("D5", DatabaseRow.RunAsync),
        ("D7", FlippedBits.RunAsync),
        ("D8", SecondServer.RunAsync),
        ("K1", HistoryRow.RunAsync),
        ("N2", SilenceRow.RunAsync),
        ("N3", NetworkRow.RunAsync),
        ("N4", PausedRow.SignalsAsync),
        ("N5", ClockRow.RunAsync),
        ("D9", PausedRow.ScarcityAsync),
        ("R1", RepeatRow.RunAsync),
        ("R4", AmbiguousRow.RunAsync),
        ("A1", RaceRow.RunAsync),
        ("V1", ProjectionRow.RunAsync),
        ("L1", ConnectionRow.RunAsync),
        ("L2", DescriptorRow.RunAsync),
        ("L3", ChurnRow.RunAsync),
        ("L4", AttackRow.RunAsync),
        ("L5", SlowRow.RunAsync),
        ("L8", MutationRow.RunAsync),
        ("L8bombs", BombRow.RunAsync),
        ("L9", TlsRow.RunAsync),
        ("P18", OverloadRow.RunAsync),
        ("S6", TokenRow.RunAsync),
        ("S7", OverreachRow.RunAsync),
        ("S2", TimingRow.RunAsync),
        ("S3", NeighbourRow.RunAsync),
        ("C1", ClearingRow.RunAsync),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["rows"])
        {
            foreach (var (name, _) in All) Console.WriteLine(name);
            return 0;
        }

        if (args is not [("ci" or "soak") and var scale, .. var wanted]
            || wanted.Any(name => All.All(row => row.Name != name)))
        {
            Console.Error.WriteLine(Usage);
            Console.Error.WriteLine("rows: " + string.Join(' ', All.Select(row => row.Name)));
            return 2;
        }

        var sheet = new Sheet(isSoak: scale == "soak");
        foreach (var (name, run) in All)
        {
            if (wanted.Length == 0 || wanted.Contains(name)) await sheet.RunAsync(name, run);
        }

        return sheet.Finish();
    }
}
