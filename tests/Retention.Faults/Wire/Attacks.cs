using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using Retention.Server.Load.Http2;
using Retention.Transport.Tests.Support;

namespace Retention.Faults.Wire;

/// <summary>Whom an attack is aimed at, and how hard it may hit: a machine is shared.</summary>
internal sealed record Target(Uri Server, string Key, bool IsSoak)
{
    public const string Method = "/retention.v1.LoyaltyService/GetBalance";

    public byte[] Headers => HeaderBlock.Of(HeaderBlock.Call(Method, Key));

    public int Of(int ci, int soak) => IsSoak ? soak : ci;
}

/// <summary>The attacks. Each says what the server did that it must not do; nothing: it held.</summary>
internal static class Attacks
{
    private const byte Continuation = 9, Priority = 2, Unknown = 0x77;
    private static readonly TimeSpan ClosesWithin = TimeSpan.FromSeconds(15);

    /// <summary>Begins and resets streams, on new connections again and again.</summary>
    public static Task<string[]> RapidResetAsync(Target target) => ForAsync(target, async connection =>
    {
        for (var stream = 1; stream < 800; stream += 2)
        {
            await connection.Send(
            [
                .. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, stream, target.Headers),
                .. RawHttp2.Frame(RawHttp2.ResetStream, 0, stream, [0, 0, 0, 8]),
            ]);
        }
    });

    /// <summary>Makes the server reset: windows that overflow or grow by nothing, a stream that depends on itself, late data.</summary>
    public static Task<string[]> MadeYouResetAsync(Target target) => ForAsync(target, async connection =>
    {
        for (var stream = 1; stream < 400; stream += 2)
        {
            var self = new byte[5];
            BinaryPrimitives.WriteInt32BigEndian(self, stream);
            byte[] provocation = (stream / 2 % 4) switch
            {
                0 => RawHttp2.Frame(RawHttp2.WindowUpdate, 0, stream, [0, 0, 0, 0]),
                1 => RawHttp2.Frame(RawHttp2.WindowUpdate, 0, stream, [0x7f, 0xff, 0xff, 0xff]),
                2 => RawHttp2.Frame(Priority, 0, stream, self),
                _ => [.. RawHttp2.Frame(RawHttp2.Data, RawHttp2.EndStream, stream, new byte[5]), .. RawHttp2.Frame(RawHttp2.Data, 0, stream, new byte[5])],
            };
            await connection.Send(
                [.. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, stream, target.Headers), .. provocation]);
        }
    });

    public static async Task<string[]> FloodsAsync(Target target)
    {
        const int framesMax = 300_000;
        const int framesAtOnce = 200;
        var held = new List<string>();
        (string Name, byte[] Frame, bool OpensBlock)[] floods =
        [
            ("PING", RawHttp2.Frame(RawHttp2.Ping, 0, 0, new byte[8]), false),
            ("SETTINGS", RawHttp2.Frame(RawHttp2.Settings, 0, 0, []), false),
            ("empty DATA", RawHttp2.Frame(RawHttp2.Data, 0, 1, []), false),
            ("small WINDOW_UPDATE", RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 1, [0, 0, 0, 1]), false),
            ("unknown frames", RawHttp2.Frame(Unknown, 0, 0, [1]), false),
            ("CONTINUATION", RawHttp2.Frame(Continuation, 0, 1, new byte[64]), true),
        ];
        foreach (var (name, frame, opensBlock) in floods)
        {
            await using var connection = await RawHttp2.Connect(target.Server);
            var sent = 0;
            var reading = connection.ReadUntil((_, _) => false);
            try
            {
                await connection.Send(RawHttp2.Headers, opensBlock ? (byte)0 : RawHttp2.EndHeaders, 1, target.Headers);
                var burst = Enumerable.Repeat(frame, framesAtOnce).SelectMany(x => x).ToArray();
                for (; sent < framesMax; sent += framesAtOnce) await connection.Send(burst);
            }
            catch (Exception closed) when (closed is IOException or SocketException)
            {
            }

            // What the sockets hold may be all of it; the end of reading says that the server closed.
            await Task.WhenAny(reading, Task.Delay(ClosesWithin));
            if (!reading.IsCompleted) held.Add($"{sent} frames {name} and the connection is open");
            await connection.DisposeAsync();
            await reading.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        return [.. held];
    }

    /// <summary>Headers that no client sends. Each is answered by a status of gRPC, a reset, or the end of the connection.</summary>
    public static async Task<string[]> HeadersAsync(Target target)
    {
        IEnumerable<(string, string)> good = HeaderBlock.Call(Target.Method, target.Key);
        (string Name, IEnumerable<(string, string)> Headers)[] variants =
        [
            ("a value of 9 KB", [.. good, ("x-long", new string('x', 9_000))]),
            ("200 names", [.. good, .. Enumerable.Range(0, 200).Select(x => ($"x-{x}", "1"))]),
            ("a -bin value that is no base64", [.. good, ("trace-bin", "%%%")]),
            ("an upper case name", [.. good, ("X-Upper", "1")]),
            ("te twice", [.. good, ("te", "gzip")]),
            ("content-type twice", [.. good, ("content-type", "text/html")]),
            ("CR LF in a value", [.. good, ("x-line", "a\r\nstatus: 200")]),
            ("a path of 8 KB", HeaderBlock.Call("/" + new string('p', 8_000), target.Key)),
            ("an unknown method", HeaderBlock.Call("/retention.v1.LoyaltyService/Nothing", target.Key)),
            ("an unknown encoding", [.. good, ("grpc-encoding", "zip")]),
            ("a timeout that is none", [.. good, ("grpc-timeout", "99999999999H")]),
            ("no method", [.. good.Skip(1)]),
            ("a key of 100 KB in pieces", HeaderBlock.Call(Target.Method, new string('k', 3_900))),
        ];
        var wrong = new List<string>();
        foreach (var (name, headers) in variants)
        {
            if (await AnswerAsync(target, HeaderBlock.Of(headers), new byte[5]) is { } fault) wrong.Add($"{name}: {fault}");
        }

        return [.. wrong];
    }

    /// <summary>Bodies that are no message, in the frames of gRPC.</summary>
    public static async Task<string[]> BodiesAsync(Target target)
    {
        (string Name, byte[] Body)[] bodies =
        [
            ("a length of 4 GB", [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]),
            ("flag 2", [2, 0, 0, 0, 0]),
            ("compressed without saying how", [1, 0, 0, 0, 1, 0]),
            ("a torn prefix", [0, 0, 0]),
            ("a torn message", [0, 0, 0, 0, 9, 1]),
            ("two messages", new byte[10]),
            ("no message", []),
            ("garbage behind the message", [0, 0, 0, 0, 0, 7, 7]),
            ("what is no protobuf", [0, 0, 0, 0, 3, 0xff, 0xff, 0xff]),
        ];
        var wrong = new List<string>();
        foreach (var (name, body) in bodies)
        {
            if (await AnswerAsync(target, target.Headers, body) is { } fault) wrong.Add($"{name}: {fault}");
        }

        return [.. wrong];
    }

    /// <summary>Null: refused with a status of gRPC, a reset, or the end of the connection.</summary>
    private static async Task<string?> AnswerAsync(Target target, byte[] headers, byte[] body)
    {
        await using var connection = await RawHttp2.Connect(target.Server);
        var decoder = new HpackDecoder();
        try
        {
            await connection.Send(RawHttp2.Headers, RawHttp2.EndHeaders, 1, headers);
            await connection.Send(RawHttp2.Data, RawHttp2.EndStream, 1, body);
        }
        catch (IOException)
        {
            return null;
        }

        while (true)
        {
            (byte Type, int Stream, byte[] Payload)? found;
            try
            {
                found = await connection.ReadUntil((type, stream) => stream == 1 && type is RawHttp2.Headers or RawHttp2.ResetStream);
            }
            catch (OperationCanceledException)
            {
                return "no answer";
            }

            if (found is not { Type: RawHttp2.Headers } answer) return null;
            var said = HeaderBlock.Read(decoder, answer.Payload);
            if (said.TryGetValue(":status", out var status) && status is not ("200" or "400" or "405" or "413" or "414" or "415" or "431"))
            {
                return $"HTTP {status}";
            }

            if (status is not (null or "200")) return null;
            if (said.TryGetValue("grpc-status", out var code))
            {
                return code is "0" or "2" ? $"grpc-status {code} {said.GetValueOrDefault("grpc-message")}" : null;
            }
        }
    }

    private static async Task<string[]> ForAsync(Target target, Func<RawHttp2, Task> attack)
    {
        var until = Stopwatch.GetTimestamp() + ((long)target.Of(2, 20) * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < until)
        {
            await using var connection = await RawHttp2.Connect(target.Server);
            try
            {
                await attack(connection);
            }
            catch (Exception closed) when (closed is IOException or SocketException)
            {
            }

            // A new connection only every so often, as the limit per address would have it off loopback.
            await Task.Delay(50);
        }

        return [];
    }
}
