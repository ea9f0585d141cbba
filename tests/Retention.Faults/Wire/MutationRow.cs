using System.Collections;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.Server.Hosting;
using Retention.V1;

namespace Retention.Faults.Wire;

/// <summary>
/// L8: every rpc is sent messages made at random by its descriptor, with the values that programs forget: extremes, enums
/// outside, odd texts, too many elements; half of them with bits flipped on the wire. Whatever comes is answered with a
/// status that says what is wrong with it, and afterwards the books are whole.
/// </summary>
internal static class MutationRow
{
    private static readonly MediaTypeHeaderValue GrpcContent = new("application/grpc");

    // UNKNOWN, INTERNAL, DATA_LOSS: the server met something that it did not foresee.
    private static readonly string?[] Unforeseen = [null, "2", "13", "15"];

    private static readonly string[] Texts =
    [
        "", "c0", "c1", "b", "till", "enroll-0", "m", "USD", "UTC", "x y", "\u0001", "\ufffd", "\u202e", "%00", "../..",
        new string('a', 64), new string('a', 65), new string('z', 3_000), "2026-02-30", "-1", "9223372036854775808",
    ];

    private static readonly long[] Numbers =
        [0, 1, -1, 2, 100, 10_000, 10_001, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, 1L << 53, 253_402_300_800];

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, "m", customers: 2);
        var bootstrap = server.BootstrapKey();
        using var http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true }) { BaseAddress = server.Grpc };
        var methods = RpcServices.Descriptors.SelectMany(x => x.Methods).Where(x => !x.IsClientStreaming && !x.IsServerStreaming).ToArray();
        var (each, wrong, statuses) = (sheet.Of(60, 11_500), new ConcurrentBag<string>(), new ConcurrentDictionary<string, int>());
        await Parallel.ForAsync(0, methods.Length * each, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, stop) =>
        {
            var method = methods[number % methods.Length];
            var random = new Random(number);
            var message = Make(method.InputType, random, depth: 0).ToByteArray();
            if (random.Next(2) == 0) Flip(message, random);
            var (status, said) = await SendAsync(http, method, KeyOf(method, bootstrap, shop.Key), message, stop);
            statuses.AddOrUpdate(status ?? "none", 1, (_, count) => count + 1);
            if (IsUnforeseen(status)) wrong.Add($"{method.Name} seed {number}: {status ?? "no status"} {said}");
        });
        await server.StopAsync();
        var verified = await VerifyCommand.VerifyAsync(server.DataFolder, ConsoleProgress.Silent, default);
        var note = string.Join(' ', statuses.OrderByDescending(x => x.Value).Select(x => $"{x.Key}:{x.Value}"));
        sheet.Add(
            new Outcome(
                "L8 mutated messages", methods.Length * each, statuses.GetValueOrDefault("0"), 0, 0,
                wrong.Count + verified.Differences, $"({methods.Length} rpcs; statuses {note})"),
            wrong.Order());
    }

    public static bool IsUnforeseen(string? status) => Unforeseen.Contains(status);

    /// <summary>The platform's key where no tenant may call the method.</summary>
    public static string KeyOf(MethodDescriptor method, string platform, string tenant)
    {
        var roles = method.GetOptions().GetExtension(OptionsExtensions.Rule).Roles;
        return roles.Contains(Role.PlatformAdmin) && !roles.Contains(Role.TenantAdmin) ? platform : tenant;
    }

    public static async Task<(string? Status, string? Said)> SendAsync(
        HttpClient http, MethodDescriptor method, string key, byte[] message, CancellationToken stop)
    {
        var frame = new byte[5 + message.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        using var content = new ByteArrayContent(frame);
        content.Headers.ContentType = GrpcContent;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/{method.Service.FullName}/{method.Name}")
        {
            Content = content, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("authorization", "Bearer " + key);
        using var response = await http.SendAsync(request, stop);
        await response.Content.CopyToAsync(Stream.Null, stop);
        return (Header(response, "grpc-status"), Header(response, "grpc-message"));
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var trailer) || response.Headers.TryGetValues(name, out trailer)
            ? trailer.First()
            : null;

    private static IMessage Make(MessageDescriptor type, Random random, int depth)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            // A request id of its own, most of the time, so that what is behind the first check is met too.
            var isId = field.Name == "request_id" && random.Next(20) > 0;
            if (!isId && random.Next(3) == 0) continue;
            if (field.IsMap) continue;
            if (field.IsRepeated)
            {
                var many = (IList)field.Accessor.GetValue(message);
                var count = random.Next(200) == 0 ? 1_100 : random.Next(3);
                for (var index = 0; index < count; index++)
                {
                    if (Value(field, random, depth + 1) is { } item) many.Add(item);
                }
            }
            else if (isId)
            {
                field.Accessor.SetValue(message, $"l8-{random.Next()}");
            }
            else if (Value(field, random, depth + 1) is { } value)
            {
                field.Accessor.SetValue(message, value);
            }
        }

        return message;
    }

    private static object? Value(FieldDescriptor field, Random random, int depth) => field.FieldType switch
    {
        FieldType.String => Texts[random.Next(Texts.Length)],
        FieldType.Bytes => ByteString.CopyFrom(new byte[random.Next(64)]),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => unchecked((int)Number(random)),
        FieldType.UInt32 or FieldType.Fixed32 => unchecked((uint)Number(random)),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Number(random),
        FieldType.UInt64 or FieldType.Fixed64 => unchecked((ulong)Number(random)),
        FieldType.Double => random.Next(2) == 0 ? double.NaN : double.PositiveInfinity,
        FieldType.Float => float.NaN,
        FieldType.Enum => random.Next(10) == 0 ? 99 : random.Next(8),
        FieldType.Message when depth < 6 => Make(field.MessageType, random, depth),
        _ => null,
    };

    private static long Number(Random random) => Numbers[random.Next(Numbers.Length)];

    private static void Flip(byte[] message, Random random)
    {
        for (var flips = message.Length == 0 ? 0 : 1 + random.Next(4); flips > 0; flips--)
        {
            message[random.Next(message.Length)] ^= (byte)(1 << random.Next(8));
        }
    }
}
