using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Transport.Tests.Support;

namespace Retention.Faults.Wire;

/// <summary>
/// L1: as many idle connections as the server takes, then twice as many attempts, then open streams: those above the
/// limit are refused, each of the others costs at most 32 KiB and each stream 8 KiB, and a good client is served.
/// </summary>
internal static partial class ConnectionRow
{
    private const int OwnFiles = 256;
    private const int Files = 7;
    private const int BytesPerConnection = 32 << 10;
    private const int BytesPerStream = 8 << 10;
    private const int StreamsPerConnection = 100;
    private const int AtOnce = 16;

    // What the collector has not taken back yet; it does not grow with the connections.
    private const long GarbageBytes = 32 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(Sheet sheet)
    {
        // Where the system allows this program fewer, the server takes as many as that allows.
        if (GetLimit(Files, out var files) != 0) throw new InvalidOperationException("The limit of open files cannot be read.");
        var limit = Math.Min(sheet.Of(2_000, 10_000), ((int)Math.Min(files.Hard, int.MaxValue) - OwnFiles) / 2);
        using var folder = new Folder();

        // The server takes half of what is above its own need; see FileDescriptors.
        await using var server = await OwnServer.StartAsync(folder.New(), files: (2 * limit) + OwnFiles);
        using var platform = server.Client();
        var shop = await Shop.OpenAsync(platform, "attacked", customers: 1);
        var good = new GoodClient(() => server.Endpoint, shop.Key);
        await good.DuringAsync(() => Task.Delay(1_000));
        await IdleAsync(sheet, server, good, limit);
        await StreamsAsync(sheet, server, good, new Target(server.Endpoint, shop.Key, sheet.IsSoak));
    }

    private static async Task IdleAsync(Sheet sheet, OwnServer server, GoodClient good, int limit)
    {
        var (open, wrong, perConnection, refused) = (new List<Socket>(), new List<string>(), 0L, 0);
        var before = server.MemoryKilobytes() << 10;

        // A few places stay free for the good client.
        var wanted = limit - 20;
        var during = await good.DuringAsync(async () =>
        {
            await EachAsync(wanted, async number =>
            {
                var socket = await ConnectAsync(server.Endpoint, number);
                if (await IsServedAsync(socket)) Keep(open, socket);
            });
            var grown = (server.MemoryKilobytes() << 10) - before;
            if (open.Count < wanted) wrong.Add($"only {open.Count} of {wanted} connections are served");
            await EachAsync((2 * limit) - wanted, async number =>
            {
                var socket = await ConnectAsync(server.Endpoint, number);
                if (await IsServedAsync(socket)) Keep(open, socket);
                else if (Interlocked.Increment(ref refused) > 0) socket.Dispose();
            });

            // Those that were refused made the collector take back what those before had left.
            await Task.Delay(2_000);
            grown = Math.Min(grown, (server.MemoryKilobytes() << 10) - before);
            perConnection = grown / Math.Max(1, open.Count);
            if (grown > GarbageBytes + ((long)BytesPerConnection * open.Count)) wrong.Add($"a connection costs {perConnection} bytes");
        });
        if (open.Count > limit) wrong.Add($"{open.Count} connections are served at a limit of {limit}");
        if (refused < limit - 20) wrong.Add($"{refused} of {(2 * limit) - wanted} attempts above the limit were refused");
        if (during.Errors > 0) wrong.Add($"{during.Errors} of {during.Calls} good calls failed");
        sheet.Control("L1", open.Count > limit / 2, "as many at half the limit would be too many");
        foreach (var socket in open) socket.Dispose();
        await Task.Delay(1_000);
        var after = await good.DuringAsync(() => Task.Delay(500));
        if (after.Errors > 0 || after.Calls == 0) wrong.Add("the good client is not served when all have left");
        if (server.HasExited) wrong.Add($"the server ended with {server.ExitCode}");
        sheet.Add(
            new Outcome("L1 idle connections", 2 * limit, during.Calls, 0, 0, wrong.Count, string.Create(
                CultureInfo.InvariantCulture,
                $"(limit {limit}, served {open.Count}, refused {refused}, {perConnection >> 10} KiB each; median {during.MedianMs:0.0} ms)")),
            wrong);
    }

    private static async Task StreamsAsync(Sheet sheet, OwnServer server, GoodClient good, Target target)
    {
        var (open, wrong, connections) = (new List<RawHttp2>(), new List<string>(), sheet.Of(20, 100));
        var before = server.MemoryKilobytes() << 10;
        var grown = 0L;
        var during = await good.DuringAsync(async () =>
        {
            for (var number = 0; number < connections; number++)
            {
                var connection = await RawHttp2.Connect(target.Server);
                open.Add(connection);
                var streams = Enumerable.Range(0, StreamsPerConnection)
                    .SelectMany(x => RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, (2 * x) + 1, target.Headers));
                await connection.Send([.. streams]);
            }

            await Task.Delay(1_000);
            grown = (server.MemoryKilobytes() << 10) - before;
        });
        foreach (var connection in open) await connection.DisposeAsync();
        var count = connections * StreamsPerConnection;
        if (grown > GarbageBytes + ((long)BytesPerStream * count)) wrong.Add($"a stream costs {grown / count} bytes");
        if (during.Errors > 0) wrong.Add($"{during.Errors} of {during.Calls} good calls failed");
        sheet.Add(
            new Outcome("L1 open streams", count, during.Calls, 0, 0, wrong.Count, string.Create(
                CultureInfo.InvariantCulture, $"({grown / 1024.0 / count:0.0} KiB each; median {during.MedianMs:0.0} ms)")),
            wrong);
    }

    private static async Task<Socket> ConnectAsync(Uri server, int number)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        // Several addresses, so that no port of one is needed twice.
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (number % 8))]), 0));
        try
        {
            await socket.ConnectAsync(server.Host, server.Port);
        }
        catch (SocketException)
        {
        }

        return socket;
    }

    /// <summary>Makes a call, as every client has; an answer of any kind is service.</summary>
    private static async Task<bool> IsServedAsync(Socket socket)
    {
        byte[] request =
        [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, []),
            .. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders | RawHttp2.EndStream, 1, HeaderBlock.Of(HeaderBlock.Call("/nothing/Nothing", ""))),
        ];
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.SendAsync(request, patience.Token);
            return await socket.ReceiveAsync(new byte[512], patience.Token) > 0;
        }
        catch (Exception refused) when (refused is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static void Keep(List<Socket> open, Socket socket)
    {
        lock (open) open.Add(socket);
        _ = AnswerPingsAsync(socket);
    }

    /// <summary>Idle, but there: whatever comes is answered as a ping is.</summary>
    private static async Task AnswerPingsAsync(Socket socket)
    {
        var (bytes, answer) = (new byte[32], RawHttp2.Frame(RawHttp2.Ping, RawHttp2.Acknowledge, 0, new byte[8]));
        try
        {
            while (await socket.ReceiveAsync(bytes) > 0) await socket.SendAsync(answer);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private static Task EachAsync(int count, Func<int, Task> work) => Parallel.ForAsync(
        0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) => await work(number));

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public ulong Soft { get; init; }

        public ulong Hard { get; init; }
    }
}
