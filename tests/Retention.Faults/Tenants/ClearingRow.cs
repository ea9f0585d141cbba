using System.Diagnostics;
using System.Text.Json;
using Retention.Faults.Matrix;

namespace Retention.Faults.Tenants;

/// <summary>
/// C1: what brands owe each other sums to zero. The demo's year of six brands is played on a server that is killed in the
/// middle; then every pair, and all together, must be even, and `verify` must find no difference.
/// </summary>
internal static class ClearingRow
{
    public static async Task RunAsync(Sheet sheet)
    {
        var (runs, consumed, wrong) = (sheet.Of(1, 4), 0L, new List<string>());
        for (var run = 0; run < runs; run++)
        {
            using var demo = Process.Start(new ProcessStartInfo(
                Path.Combine(AppContext.BaseDirectory, "retention"), ["demo", "--crash", "--json"])
            { RedirectStandardOutput = true })!;
            var said = await demo.StandardOutput.ReadToEndAsync();
            await demo.WaitForExitAsync();
            if (demo.ExitCode != 0)
            {
                wrong.Add($"the demo ended with {demo.ExitCode}");
                continue;
            }

            using var report = JsonDocument.Parse(said);
            consumed += report.RootElement.GetProperty("consumed").GetInt64();
            var differences = report.RootElement.GetProperty("verify").GetProperty("differences").GetInt64();
            if (differences > 0) wrong.Add($"verify finds {differences} differences");
            var pairs = report.RootElement.GetProperty("pairs").EnumerateArray().Select(x => new Pair(
                x.GetProperty("issuer").GetString()!, x.GetProperty("redeemer").GetString()!,
                x.GetProperty("net_minor_units").GetInt64())).ToList();
            wrong.AddRange(Uneven(pairs));
            if (run == 0)
            {
                pairs[0] = pairs[0] with { Net = pairs[0].Net + 1 };
                sheet.Control("C1", Uneven(pairs).Any(), "a cent too much in one position");
            }
        }

        sheet.Add(new Outcome("C1 clearing through a kill", runs, consumed, 0, 0, wrong.Count), wrong);
    }

    private static IEnumerable<string> Uneven(IReadOnlyCollection<Pair> pairs) =>
        from pair in pairs
        let back = pairs.SingleOrDefault(x => x.Issuer == pair.Redeemer && x.Redeemer == pair.Issuer)
        where back is null || pair.Net + back.Net != 0
        select $"{pair.Issuer} and {pair.Redeemer} are not even";

    private sealed record Pair(string Issuer, string Redeemer, long Net);
}
