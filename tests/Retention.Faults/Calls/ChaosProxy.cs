using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Retention.Faults.Calls;

/// <summary>What happens to the bytes between client and server. All of it may change while connections are open.</summary>
internal sealed record Weather
{
    public static readonly Weather Calm = new();

    /// <summary>Each piece waits so long, plus a random part of the jitter: answers overtake each other.</summary>
    public int DelayMs { get; init; }

    public int JitterMs { get; init; }

    /// <summary>Bytes of a piece; 0: as they come.</summary>
    public int PieceBytes { get; init; }

    /// <summary>One piece in so many is cut in the middle and its connection reset; 0: none.</summary>
    public int CutOneIn { get; init; }

    /// <summary>Requests, or answers, get no further, and nobody is told. The connection dies when the weather changes.</summary>
    public bool HoldsRequests { get; init; }

    public bool HoldsAnswers { get; init; }
}

/// <summary>A TCP proxy on loopback that makes weather.</summary>
internal sealed class ChaosProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<Task, bool> connections = [];
    private readonly Func<Uri> server;
    private readonly Task accepting;
    private volatile Weather weather = Weather.Calm;
    private volatile Silence silence = new(0, false, false);
    private int made;

    public ChaosProxy(Func<Uri> server)
    {
        this.server = server;
        listener.Start();
        accepting = AcceptAsync();
    }

    public Weather Weather
    {
        get => weather;
        set => weather = value;
    }

    /// <summary>On the connections there are, requests or answers get no further, and nobody is told. New ones work. Neither: those that were silent are reset.</summary>
    public void FallSilent(bool requests, bool answers) => silence = new Silence(Volatile.Read(ref made), requests, answers);

    public Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        await Task.WhenAll(connections.Keys);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                var served = ServeAsync(client);
                connections[served] = true;
                _ = served.ContinueWith(done => connections.TryRemove(done, out _), TaskScheduler.Default);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var number = Interlocked.Increment(ref made);
        using var near = client;
        using var far = new TcpClient();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        try
        {
            near.NoDelay = far.NoDelay = true;
            await far.ConnectAsync(server().Host, server().Port, ended.Token);
            await Task.WhenAny(
                PumpAsync(near.GetStream(), far.GetStream(), x => x.HoldsRequests, x => x.Requests && number <= x.Last, ended.Token),
                PumpAsync(far.GetStream(), near.GetStream(), x => x.HoldsAnswers, x => x.Answers && number <= x.Last, ended.Token));
        }
        catch (Exception end) when (end is SocketException or OperationCanceledException or IOException)
        {
        }

        // Both sides are told by a reset, as when a router forgets a connection.
        await ended.CancelAsync();
        near.LingerState = new LingerOption(true, 0);
        if (far.Connected) far.LingerState = new LingerOption(true, 0);
    }

    private async Task PumpAsync(
        NetworkStream from, NetworkStream to, Func<Weather, bool> holds, Func<Silence, bool> isSilent, CancellationToken ended)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var now = weather;
                var most = now.PieceBytes > 0 ? Math.Min(now.PieceBytes, buffer.Length) : buffer.Length;
                var count = await from.ReadAsync(buffer.AsMemory(0, most), ended);
                if (count == 0) return;
                if (isSilent(silence))
                {
                    while (isSilent(silence)) await Task.Delay(20, ended);
                    return;
                }

                now = weather;
                if (holds(now))
                {
                    while (ReferenceEquals(weather, now)) await Task.Delay(20, ended);
                    return;
                }

                var wait = now.DelayMs + Random.Shared.Next(now.JitterMs + 1);
                if (wait > 0) await Task.Delay(wait, ended);
                var isCut = now.CutOneIn > 0 && Random.Shared.Next(now.CutOneIn) == 0;
                await to.WriteAsync(buffer.AsMemory(0, isCut ? Random.Shared.Next(count) : count), ended);
                if (isCut) return;
            }
        }
        catch (Exception end) when (end is IOException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    /// <summary>Which connections, the first ones up to a number, and which of their ways.</summary>
    private sealed record Silence(int Last, bool Requests, bool Answers);
}
