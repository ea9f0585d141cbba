using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Retention.Server.Load;

namespace Retention.Benchmarks;

/// <summary>
/// Measures the transport and the product against a bare endpoint: all stand side by side, and short rounds alternate,
/// so that whatever else the machine does meets them alike.
/// </summary>
internal static partial class EchoComparison
{
    public static Command Command()
    {
        var concurrency = new Option<int>("--concurrency") { DefaultValueFactory = _ => 256 };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 3 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 5 };
        var h2load = new Option<bool>("--h2load") { Description = "Let h2load (Debian nghttp2-client) confirm it." };
        var command = new Command("compare", "Measures echo and server against bare, in alternating rounds.")
        {
            concurrency, seconds, rounds, h2load,
        };
        command.SetAction(parsed =>
        {
            var plan = new LoadPlan
            {
                Concurrency = parsed.GetValue(concurrency),
                WarmUp = TimeSpan.FromSeconds(1),
                Duration = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
            };
            using var bare = new Endpoint("bare");
            using var echo = new Endpoint("echo");
            using var server = new Endpoint("server");
            Endpoint[] all = [bare, echo, server];
            Compare("load", parsed.GetValue(rounds), all, endpoint => Measure(endpoint, plan));
            if (parsed.GetValue(h2load)) Compare("h2load", parsed.GetValue(rounds), all, at => H2Load(at, plan));
        });
        return command;
    }

    // The first endpoint is what the others are compared to.
    private static void Compare(string client, int rounds, Endpoint[] all, Func<Endpoint, double> measure)
    {
        // One round beforehand, so that all are compiled.
        foreach (var endpoint in all) measure(endpoint);
        var figures = Enumerable.Range(0, rounds).Select(_ => Array.ConvertAll(all, at => measure(at))).ToList();
        for (var i = 0; i < all.Length; i++)
        {
            Console.WriteLine(
                $"{client}: {all[i].Name} {Median(figures.Select(round => round[i])):F0}/s, " +
                $"{Median(figures.Select(round => round[i] / round[0])):F3} of {all[0].Name}");
        }
    }

    private static double Measure(Endpoint endpoint, LoadPlan plan)
    {
        var run = new LoadRun(new LoadTarget(endpoint.Address, endpoint.Key), plan)
        {
            ServerUse = () => new ServerUse(endpoint.ProcessorTime, null),
        };
        var workload = new Workload(endpoint.Path, new PreparedMessage(new Empty()));
        var result = run.Execute(workload, CancellationToken.None);
        var ended = result.Calls.Latencies.Count;
        var ok = result.Calls.Measured(0);
        if (ok != ended) throw new LoadException($"{ended - ok} calls failed.");
        Console.WriteLine(
            $"{endpoint.Name}: {ok / result.MeasuredSeconds:F0}/s " +
            $"p50 {result.Calls.Latencies.PercentileMilliseconds(50):F2} ms " +
            $"p99 {result.Calls.Latencies.PercentileMilliseconds(99):F2} ms, " +
            $"server {result.ServerMicrosecondsPerCall:F1} us a call, load average {LoadAverage()}");
        return ok / result.MeasuredSeconds;
    }

    private static double H2Load(Endpoint endpoint, LoadPlan plan)
    {
        var body = System.IO.Path.GetTempFileName();
        File.WriteAllBytes(body, new byte[5]);
        var connections = Math.Max(1, plan.Concurrency / 64);
        var arguments = new[]
        {
            "-c", $"{connections}", "-m", $"{Math.Max(1, plan.Concurrency / connections)}", "-t", "1",
            "-D", $"{plan.Duration.TotalSeconds}", "--warm-up-time", "1", "-d", body,
            "-H", "content-type: application/grpc", "-H", "te: trailers", "-H", $"authorization: Bearer {endpoint.Key}",
            new Uri(endpoint.Address, endpoint.Path).ToString(),
        };
        using var process = Process.Start(new ProcessStartInfo("h2load", arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        File.Delete(body);
        var perSecond = double.Parse(RequestsPerSecond().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        Console.WriteLine($"h2load {endpoint.Name}: {perSecond:F0}/s, load average {LoadAverage()}");
        return perSecond;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    [GeneratedRegex(@"finished in [^,]+, ([\d.]+) req/s")]
    private static partial Regex RequestsPerSecond();

    /// <summary>One of the endpoints, in a process of its own.</summary>
    private sealed class Endpoint : IDisposable
    {
        private readonly Process _process;

        public Endpoint(string name)
        {
            Name = name;
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
            if (System.IO.Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            {
                start.ArgumentList.Add(typeof(EchoComparison).Assembly.Location);
            }

            start.ArgumentList.Add(name);
            _process = Process.Start(start)!;
            var ready = _process.StandardOutput.ReadLine() ?? throw new LoadException($"{name} did not start.");
            var words = ready.Split(' ');
            (Address, Path, Key) = (new Uri(words[1]), words[2], words[3]);
        }

        public string Name { get; }

        public Uri Address { get; }

        public string Path { get; }

        public string? Key { get; }

        public TimeSpan ProcessorTime
        {
            get
            {
                _process.Refresh();
                return _process.TotalProcessorTime;
            }
        }

        public void Dispose()
        {
            _process.Kill();
            _process.Dispose();
        }
    }
}
