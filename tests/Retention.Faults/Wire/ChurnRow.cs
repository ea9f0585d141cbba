using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Transport.Tests.Support;

namespace Retention.Faults.Wire;

/// <summary>
/// L3 with connections made anew, some hundreds a second: one address gets twenty a second, and what it does with them
/// costs the server at most 15 % of a processor. Control: a server that does not bound loopback lets all in.
/// </summary>
internal static class ChurnRow
{
    private const int AtOnce = 4;

    // The first turns also compile what has become hot.
    private const int Turns = 3;
    private const int PerSecond = 20;
    private const int Burst = 100;
    private const int Attempts = 300;
    private const double ProcessorShareMax = 0.15;

    private static readonly byte[] Greeting =
        [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, [])];

    private static readonly (string Name, Func<Target, byte[]> Bytes)[] Attacks =
    [
        ("L3 rapid reset, reconnecting", RapidReset), ("L3 made to reset, reconnecting", MadeYouReset),
    ];

    public static async Task RunAsync(Sheet sheet)
    {
        var time = TimeSpan.FromSeconds(sheet.Of(6, 30));
        foreach (var (name, bytes) in Attacks) await sheet.BestAsync(() => AttackAsync(name, bytes, time));
        using var folder = new Folder();
        await using var server = await OwnServer.StartAsync(folder.New());
        var (admitted, seconds) = await OpenAsync(server.Endpoint);
        sheet.Control("L3", admitted > Most(seconds), $"without the bound {admitted} of {Attempts} connections are let in");
    }

    private static double Most(double seconds) => Burst + (1.1 * PerSecond * seconds) + 2;

    private static async Task<Play> AttackAsync(string name, Func<Target, byte[]> bytes, TimeSpan time)
    {
        using var folder = new Folder();
        await using var server = await OwnServer.StartAsync(folder.New(), null, "--limit-loopback");
        using var platform = server.Client();
        var shop = await Shop.OpenAsync(platform, "attacked", customers: 1);
        var attack = bytes(new Target(server.Endpoint, shop.Key, false));
        var good = new GoodClient(() => server.Endpoint, shop.Key, pauseMs: 100);
        var wrong = new List<string>();
        var (opened, seconds) = await OpenAsync(server.Endpoint);
        if (opened > Most(seconds)) wrong.Add($"{opened} connections in {seconds:0.0} s");

        // What the server does for the first time is compiled; what it does besides is not the attacker's.
        await ChurnAsync(server.Endpoint, attack, time);
        var calm = 0.0;
        await good.DuringAsync(async () => calm = await server.ProcessorShareAsync(() => Task.Delay(time / 2)));
        var (admitted, perSecond, cost, services) = (0, 0.0, double.MaxValue, new List<Service>());
        for (var turn = 0; turn < Turns && cost > ProcessorShareMax; turn++)
        {
            var (more, share) = (0, 0.0);
            services.Add(await good.DuringAsync(async () => share = await server.ProcessorShareAsync(async () =>
                more = await ChurnAsync(server.Endpoint, attack, time))));
            if (more > Most(time.TotalSeconds)) wrong.Add($"{more} connections in {time.TotalSeconds:0} s");
            if (more == 0) wrong.Add("nobody was let in");
            (admitted, perSecond, cost) = (admitted + more, more / time.TotalSeconds, Math.Min(cost, Math.Max(0, share - calm)));
        }

        var service = Service.All(services);
        if (service.Errors > 0) wrong.Add($"{service.Errors} of {service.Calls} good calls failed");
        return new Play(
            new Outcome(name, admitted, service.Calls, 0, 0, 0, string.Create(
                CultureInfo.InvariantCulture, $"({perSecond:0.0} connections/s, {cost:P0} of a processor)")),
            wrong, cost > ProcessorShareMax ? [$"{cost:P0} of a processor"] : []);
    }

    /// <summary>Opens connections one after the other: how many of them are let in, and in which time.</summary>
    private static async Task<(int Admitted, double Seconds)> OpenAsync(Uri server)
    {
        var (began, admitted) = (Stopwatch.GetTimestamp(), 0);
        for (var number = 0; number < Attempts; number++) admitted += await IsAdmittedAsync(server, []) ? 1 : 0;
        return (admitted, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>How many connections were let in.</summary>
    private static async Task<int> ChurnAsync(Uri server, byte[] attack, TimeSpan time)
    {
        var (until, admitted) = (Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency), 0);
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetTimestamp() < until)
            {
                if (await IsAdmittedAsync(server, attack)) Interlocked.Increment(ref admitted);

                // Four hundred attempts a second, all in all: one that is refused costs some 70 us, most of them the kernel's.
                else await Task.Delay(8);
            }
        })));
        return admitted;
    }

    /// <summary>Whether it was greeted; then all of the attack is sent, or as much as the server takes.</summary>
    private static async Task<bool> IsAdmittedAsync(Uri server, byte[] attack)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, 9]), 0));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var received = 0;
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port), patience.Token);
            await socket.SendAsync(Greeting, patience.Token);
            var buffer = new byte[16 << 10];
            received = await socket.ReceiveAsync(buffer, patience.Token);
            var sending = socket.SendAsync(attack, patience.Token).AsTask();
            for (var more = received; more > 0 && !sending.IsCompleted;) more = await socket.ReceiveAsync(buffer, patience.Token);
            await sending;
        }
        catch (Exception closed) when (closed is SocketException or OperationCanceledException)
        {
        }

        return received > 0;
    }

    private static byte[] RapidReset(Target target) => Of(target, (headers, stream) =>
        [.. headers, .. RawHttp2.Frame(RawHttp2.ResetStream, 0, stream, [0, 0, 0, 8])]);

    private static byte[] MadeYouReset(Target target) => Of(target, (headers, stream) =>
        [.. headers, .. RawHttp2.Frame(RawHttp2.WindowUpdate, 0, stream, [0x7f, 0xff, 0xff, 0xff])]);

    private static byte[] Of(Target target, Func<byte[], int, byte[]> provoke) =>
    [
        .. Enumerable.Range(0, 2_000).SelectMany(x => provoke(
            RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, (2 * x) + 1, target.Headers), (2 * x) + 1)),
    ];
}
