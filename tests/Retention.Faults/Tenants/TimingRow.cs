using System.Diagnostics;
using System.Globalization;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Demo;

namespace Retention.Faults.Tenants;

/// <summary>
/// S2: whether a customer exists at another tenant cannot be told by the time of the answer. Pairs of calls for such an id
/// and for one that nobody has are compared by the test of Mann and Whitney.
/// </summary>
internal static class TimingRow
{
    private const double Significant = 0.01;

    // Chance alone fails one honest run in a hundred; three in a row it does not.
    private const int Attempts = 3;
    private const int Others = 200;

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var own = await Shop.OpenAsync(platform, "own", customers: 4);
        await Shop.OpenAsync(platform, "other", customers: Others);
        using var till = new RpcClient(server.Grpc, own.Key, RpcPatience.Once);
        var pairs = sheet.Of(2_000, 20_000);
        await CompareAsync(till, x => $"c{10 + x % 150}", x => $"n{10 + x % 150}", 300);
        var chance = 0.0;
        for (var attempt = 0; attempt < Attempts && chance <= Significant; attempt++)
        {
            chance = await CompareAsync(till, x => $"c{10 + x % 150}", x => $"n{10 + x % 150}", pairs);
        }

        var note = string.Create(CultureInfo.InvariantCulture, $"(p = {chance:0.000})");
        sheet.Add(new Outcome("S2 existence by timing", 1, pairs, 0, 0, chance <= Significant ? 1 : 0, note));
        var own4 = await CompareAsync(till, x => $"c{x % 4}", x => $"n{10 + x % 150}", pairs);
        sheet.Control("S2", own4 <= Significant, string.Create(CultureInfo.InvariantCulture, $"an own customer is told from none (p = {own4:0.000})"));
    }

    private static async Task<double> CompareAsync(RpcClient till, Func<int, string> first, Func<int, string> second, int pairs)
    {
        var (a, b) = (new double[pairs], new double[pairs]);
        for (var pair = 0; pair < pairs; pair++)
        {
            // Which goes first changes, so that neither is always the one after the other.
            if (pair % 2 == 0) a[pair] = await TimeAsync(till, first(pair));
            b[pair] = await TimeAsync(till, second(pair));
            if (pair % 2 == 1) a[pair] = await TimeAsync(till, first(pair));
        }

        return MannWhitney(a, b);
    }

    private static async Task<double> TimeAsync(RpcClient till, string customer)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            await Shop.AskAsync(till, new Order("", customer, OrderKind.Read), default);
        }
        catch (RpcCallException)
        {
        }

        return Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    }

    /// <summary>How likely chance alone makes two samples differ so much, by the normal approximation.</summary>
    private static double MannWhitney(double[] a, double[] b)
    {
        var ranked = a.Select(x => (x, IsFirst: true)).Concat(b.Select(x => (x, IsFirst: false))).OrderBy(x => x.x).ToArray();
        var ranks = 0.0;
        for (var from = 0; from < ranked.Length;)
        {
            var to = from;
            while (to < ranked.Length && ranked[to].x == ranked[from].x) to++;
            var rank = (from + 1 + to) / 2.0;
            ranks += rank * ranked[from..to].Count(x => x.IsFirst);
            from = to;
        }

        double first = a.Length, second = b.Length;
        var u = ranks - (first * (first + 1) / 2);
        var z = (u - (first * second / 2)) / Math.Sqrt(first * second * (first + second + 1) / 12);
        return Math.Min(1, 2 * UpperTail(Math.Abs(z)));
    }

    // Abramowitz and Stegun 26.2.17.
    private static double UpperTail(double z)
    {
        var t = 1 / (1 + (0.2316419 * z));
        var sum = t * (0.319381530 + (t * (-0.356563782 + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        return Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * sum;
    }
}
