using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Transport.Tests.Support;

namespace Retention.Faults.Wire;

/// <summary>
/// L5: clients that begin and do not go on, that send or read next to nothing, or that are gone without a word. Each
/// loses its stream or its connection by the time that its limit says; a good client beside them loses nothing.
/// </summary>
internal static class SlowRow
{
    private const byte GoAway = 7;
    private const string Watch = "/retention.v1.FeedService/WatchJournal";

    // Kestrel looks once a second, and this machine may be busy.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(4);
    private static readonly byte[] EmptyMessage = new byte[5];

    private static readonly (string Name, int Seconds, Func<Target, Task> Until)[] Cases =
    [
        ("no first byte", 10, target => ClosedAsync(target, [])),
        ("half a preface", 5, target => ClosedAsync(target, "PRI * HTTP"u8.ToArray())),
        ("half a frame", 5, target => ClosedAsync(target, [.. Preface, 0, 0, 6, 4])),
        ("headers without an end", 5, target => ClosedAsync(target, [.. Begin(0), .. RawHttp2.Frame(RawHttp2.Headers, 0, 1, target.Headers)])),
        ("a body of a byte a second", 10, SlowBodyAsync),
        ("a body that stops", 10, StoppedBodyAsync),
        ("answers that nobody takes", 10, UnreadAnswersAsync),
        ("a feed that nobody takes", 10, UnreadFeedAsync),
        ("gone between two calls", 10, target => GoneAsync(target, target.Headers)),
        ("gone while it follows the journal", 10, target => GoneAsync(target, WatchHeaders(target))),
    ];

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = await OwnServer.StartAsync(folder.New());
        using var platform = server.Client();
        var shop = await Shop.OpenAsync(platform, "attacked", customers: 200);
        var target = new Target(server.Endpoint, shop.Key, sheet.IsSoak);
        var good = new GoodClient(() => server.Endpoint, shop.Key, pauseMs: 20);
        var rounds = sheet.Of(1, 3);
        for (var round = 0; round < rounds; round++)
        {
            (string Name, int Seconds, double Took)[] ends = [];
            var service = await good.DuringAsync(async () => ends = await Task.WhenAll(Cases.Select(async x =>
                (x.Name, x.Seconds, Took: await TimeAsync(x.Until(target), TimeSpan.FromSeconds(x.Seconds) + Slack)))));
            var wrong = ends.Where(x => double.IsInfinity(x.Took)).Select(x => $"{x.Name} is open after {x.Seconds} s").ToList();
            if (service.Errors > 0) wrong.Add($"{service.Errors} of {service.Calls} good calls failed");
            sheet.Add(
                new Outcome("L5 slow and half open", ends.Length, service.Calls, 0, 0, wrong.Count, $"({string.Join(", ", ends.Select(x =>
                    string.Create(CultureInfo.InvariantCulture, $"{x.Name} {x.Took:0.0} s")))})"),
                wrong);
        }

        var held = await TimeAsync(GoneAsync(target, target.Headers), TimeSpan.FromSeconds(1));
        sheet.Control("L5", double.IsInfinity(held), "a connection that may stay is seen to stay");
    }

    private static byte[] Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private static byte[] Begin(byte window) =>
        [.. Preface, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, [0, 4, 0, 0, 0, window])];

    private static async Task<double> TimeAsync(Task ends, TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAny(ends, Task.Delay(limit));
        return ends.IsCompletedSuccessfully ? Stopwatch.GetElapsedTime(began).TotalSeconds : double.PositiveInfinity;
    }

    private static async Task ClosedAsync(Target target, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(target.Server.Host, target.Server.Port);
        await client.GetStream().WriteAsync(bytes);
        await EndAsync(client.GetStream(), (_, _) => false, answersPings: false);
    }

    /// <summary>Announces a message and sends it byte by byte.</summary>
    private static async Task SlowBodyAsync(Target target)
    {
        using var client = await CallAsync(target, target.Headers, window: 255);
        var stream = client.GetStream();
        using var over = new CancellationTokenSource();
        var ended = EndAsync(stream, IsEndOfStream);
        var sending = Task.Run(async () =>
        {
            try
            {
                await stream.WriteAsync(RawHttp2.Frame(RawHttp2.Data, 0, 1, [0, 0, 0, 100, 0]));
                while (!over.IsCancellationRequested)
                {
                    await Task.Delay(1_000, over.Token);
                    await stream.WriteAsync(RawHttp2.Frame(RawHttp2.Data, 0, 1, [0]));
                }
            }
            catch (Exception closed) when (closed is IOException or OperationCanceledException)
            {
            }
        });
        await ended;
        await over.CancelAsync();
        await sending;
    }

    private static async Task StoppedBodyAsync(Target target)
    {
        using var client = await CallAsync(target, target.Headers, window: 255);
        await client.GetStream().WriteAsync(RawHttp2.Frame(RawHttp2.Data, 0, 1, [0, 0, 0, 100, 0, 1, 2, 3]));
        await EndAsync(client.GetStream(), IsEndOfStream);
    }

    /// <summary>A call whose answer finds no room in the window, from a client that does nothing else either.</summary>
    private static async Task UnreadAnswersAsync(Target target)
    {
        using var client = await CallAsync(target, target.Headers, window: 0);
        byte[] balance = [.. EmptyMessage[..4], 4, 10, 2, (byte)'c', (byte)'1'];
        await client.GetStream().WriteAsync(RawHttp2.Frame(RawHttp2.Data, RawHttp2.EndStream, 1, balance));
        await EndAsync(client.GetStream(), IsEndOfStream, answersPings: false);
    }

    private static async Task UnreadFeedAsync(Target target)
    {
        using var client = await CallAsync(target, WatchHeaders(target), window: 0);
        await client.GetStream().WriteAsync(RawHttp2.Frame(RawHttp2.Data, RawHttp2.EndStream, 1, EmptyMessage));
        await EndAsync(client.GetStream(), IsEndOfStream);
    }

    /// <summary>A call, and then nothing: pings find nobody.</summary>
    private static async Task GoneAsync(Target target, byte[] headers)
    {
        using var client = await CallAsync(target, headers, window: 255);
        await client.GetStream().WriteAsync(RawHttp2.Frame(RawHttp2.Data, RawHttp2.EndStream, 1, EmptyMessage));
        await EndAsync(client.GetStream(), (_, _) => false, answersPings: false);
    }

    private static byte[] WatchHeaders(Target target) => HeaderBlock.Of(HeaderBlock.Call(Watch, target.Key));

    private static async Task<TcpClient> CallAsync(Target target, byte[] headers, byte window)
    {
        var client = new TcpClient();
        await client.ConnectAsync(target.Server.Host, target.Server.Port);
        await client.GetStream().WriteAsync(
            (byte[])[.. Begin(window), .. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, 1, headers)]);
        return client;
    }

    // The end of a stream is a reset, or a frame that says so, or the end of its connection.
    private static bool IsEndOfStream(byte type, byte flags) =>
        type is RawHttp2.ResetStream or GoAway
        || (type is RawHttp2.Headers or RawHttp2.Data && (flags & RawHttp2.EndStream) != 0);

    private static async Task EndAsync(NetworkStream stream, Func<byte, byte, bool> isEnd, bool answersPings = true)
    {
        var header = new byte[9];
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(header);
                var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
                await stream.ReadExactlyAsync(payload);
                if (isEnd(header[3], header[4])) return;
                if (header[3] != RawHttp2.Ping || !answersPings) continue;
                await stream.WriteAsync(RawHttp2.Frame(RawHttp2.Ping, RawHttp2.Acknowledge, 0, payload));
            }
        }
        catch (IOException)
        {
        }
    }
}
