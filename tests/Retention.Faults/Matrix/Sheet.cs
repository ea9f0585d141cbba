using System.Diagnostics;
using System.Globalization;

namespace Retention.Faults.Matrix;

/// <summary>
/// What one row came to. Lost: acknowledged and not there. Double: there more than once. Violations: everything else that
/// a promise forbids.
/// </summary>
internal sealed record Outcome(string Name, long Cycles, long Acked, long Lost, long Double, long Violations, string Note = "")
{
    public bool IsGood => Lost == 0 && Double == 0 && Violations == 0 && Cycles > 0;
}

/// <summary>One play of what also has a bar of speed: what went wrong, and what was only too slow.</summary>
internal sealed record Play(Outcome Outcome, IReadOnlyCollection<string> Wrong, IReadOnlyCollection<string> Slow);

/// <summary>Takes the outcomes, prints each at once, and counts them at the end.</summary>
internal sealed class Sheet(bool isSoak)
{
    private const int NotesPerRow = 10;
    private const int PlaysMax = 3;
    private int passed;
    private int failed;
    private int skipped;

    public async Task RunAsync(string name, Func<Sheet, Task> row)
    {
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            await row(this);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            Failed($"{name} ended by {fault}");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"-- {name}: {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:0.0} s"));
    }

    public bool IsSoak => isSoak;

    /// <summary>The figure of a check before landing, or that of a long run.</summary>
    public int Of(int ci, int soak) => isSoak ? soak : ci;

    public void Add(Outcome outcome, params IEnumerable<string> faults)
    {
        var line = string.Create(CultureInfo.InvariantCulture,
            $"{outcome.Name} cycles={outcome.Cycles} acked={outcome.Acked} lost={outcome.Lost} double={outcome.Double} violations={outcome.Violations}");
        var verdict = outcome.IsGood ? "ok    " : "FAILED";
        Console.WriteLine($"{verdict} {line}{(outcome.Note.Length > 0 ? " " + outcome.Note : "")}");
        foreach (var fault in faults.Take(NotesPerRow)) Console.WriteLine("         " + fault);
        if (outcome.IsGood) passed++;
        else failed++;
    }

    /// <summary>
    /// Plays again what was only too slow: other work on the machine can make a server miss its bar, and cannot make it meet
    /// one. What went wrong is never played again.
    /// </summary>
    public async Task BestAsync(Func<Task<Play>> play)
    {
        for (var number = 1; ; number++)
        {
            var (outcome, wrong, slow) = await play();
            if (wrong.Count > 0 || slow.Count == 0 || number == PlaysMax)
            {
                Add(outcome with { Violations = wrong.Count + slow.Count }, [.. wrong, .. slow]);
                return;
            }

            Console.WriteLine($"again  {outcome.Name} {outcome.Note}: {string.Join("; ", slow)}");
        }
    }

    /// <summary>A run in which something is broken on purpose, so that the row is known to see it.</summary>
    public void Control(string name, bool isSeen, string note)
    {
        Console.WriteLine($"{(isSeen ? "ok    " : "FAILED")} {name} control: {(isSeen ? "seen" : "NOT SEEN")} {note}");
        if (isSeen) passed++;
        else failed++;
    }

    /// <summary>Says loudly that this machine cannot run the row.</summary>
    public void Skip(string name, string why)
    {
        Console.WriteLine($"SKIPPED {name}: {why}");
        skipped++;
    }

    public int Finish()
    {
        Console.WriteLine($"{passed} passed, {failed} failed" + (skipped > 0 ? $", {skipped} skipped" : ""));
        return failed == 0 ? 0 : 1;
    }

    private void Failed(string what)
    {
        Console.WriteLine("FAILED " + what);
        failed++;
    }
}
