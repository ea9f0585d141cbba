using System.Diagnostics;
using System.Globalization;

namespace Retention.Benchmarks.Designs;

/// <summary>Waits until what the last run left behind (saved states, checkpoints, vacuum) is done, or for at most half a minute.</summary>
internal static class IdleMachine
{
    private const double BusyAtMost = 0.05;
    private static readonly TimeSpan Sample = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);

    public static void Await()
    {
        var began = Stopwatch.GetTimestamp();
        var last = Read();
        while (Stopwatch.GetElapsedTime(began) < AtMost)
        {
            Thread.Sleep(Sample);
            var now = Read();
            var busy = 1 - ((double)(now.Idle - last.Idle) / Math.Max(1, now.All - last.All));
            if (busy < BusyAtMost) return;
            last = now;
        }
    }

    // The first line: user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second since the start.
    private static (long Idle, long All) Read()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9];
        var times = Array.ConvertAll(fields, x => long.Parse(x, CultureInfo.InvariantCulture));
        return (times[3] + times[4], times.Sum());
    }
}
