using Retention.Faults.Matrix;

namespace Retention.Faults.Calls;

/// <summary>K1 itself: a true history passes, and each of ten forged ones is seen.</summary>
internal static class HistoryRow
{
    private static readonly (string Name, Func<List<Event>, List<Event>> Forge)[] Forgeries =
    [
        ("a lost write", x => [.. x.Where(e => e.Id != "w2")]),
        ("a write applied twice", x => [.. x, Of(x, "w2") with { Id = "again", Position = 25, Change = 500, Shown = 0 }]),
        ("an acknowledged write in no commit", x => Changed(x, "w4", e => e with { Position = 0 })),
        ("two writes in one commit", x => Changed(x, "w3", e => e with { Position = 20 })),
        ("a reply that shows another sum", x => Changed(x, "w3", e => e with { Shown = e.Shown + 1 })),
        ("a write before one that had ended", x => Changed(x, "w2", e => e with { Began = 900, Ended = 901 })),
        ("a read that is too old", x => Changed(x, "r2", e => e with { Shown = 500 })),
        ("a read of what was never there", x => Changed(x, "r1", e => e with { Shown = 12_345 })),
        ("a read from the future", x => Changed(x, "r1", e => e with { Shown = Of(x, "w4").Shown })),
        ("a read beyond its position", x => Changed(x, "r2", e => e with { Position = 1 })),
    ];

    public static Task RunAsync(Sheet sheet)
    {
        var wrong = HistoryCheck.Run(True());
        sheet.Add(new Outcome("K1 true history", 1, True().Count, 0, 0, wrong.Count), wrong);
        foreach (var (name, forge) in Forgeries)
        {
            var seen = HistoryCheck.Run(forge(True()));
            sheet.Control("K1", seen.Count > 0, $"{name}: {seen.FirstOrDefault()}");
        }

        return Task.CompletedTask;
    }

    private static List<Event> True() =>
    [
        new("w1", "c", false, 500, 500, 10, 100, 110),
        new("w2", "c", false, 500, 1_000, 20, 200, 210),
        new("r1", "c", true, 0, 1_000, 20, 220, 230),
        new("w3", "c", false, -100, 900, 30, 300, 320),
        new("r2", "c", true, 0, 900, 30, 330, 340),
        new("w4", "c", false, 500, 1_400, 40, 400, 410),
    ];

    private static Event Of(List<Event> history, string id) => history.Single(x => x.Id == id);

    private static List<Event> Changed(List<Event> history, string id, Func<Event, Event> change) =>
        [.. history.Select(x => x.Id == id ? change(x) : x)];
}
