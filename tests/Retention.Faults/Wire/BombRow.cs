using System.Globalization;
using System.Net;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Hosting;
using Retention.V1;

namespace Retention.Faults.Wire;

/// <summary>
/// L8, the bombs: for every rpc the messages that cost most for their size, on a server in this very process, so that what
/// a call allocates can be measured, client and all: at most 10 MiB. Control: the parser alone, without the transport's
/// limits.
/// </summary>
internal static class BombRow
{
    private const long AllocatedMax = 10 << 20;
    private const int MessageBytes = 64_000;
    private const int UnknownField = 9_999;
    private const int Nesting = 5_000;

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = await RetentionServer.StartAsync(
            new ServerOptions
            {
                DataDirectory = folder.New(), Grpc = new IPEndPoint(IPAddress.Loopback, 0), Http = new IPEndPoint(IPAddress.Loopback, 0),
            },
            default);
        var endpoint = new Uri($"http://{server.Grpc}");
        var bootstrap = File.ReadAllText(Directory.GetFiles(folder.Path, "bootstrap.key", SearchOption.AllDirectories)[0]).Trim();
        using var platform = new RpcClient(endpoint, bootstrap, RpcPatience.Default);
        var shop = await Shop.OpenAsync(platform, "m", customers: 2);
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = endpoint };
        var methods = RpcServices.Descriptors.SelectMany(x => x.Methods).Where(x => !x.IsClientStreaming && !x.IsServerStreaming).ToArray();
        var (calls, most, mostOf, wrong, clean) = (0, 0L, "", new List<string>(), 0);
        foreach (var method in methods)
        {
            var key = MutationRow.KeyOf(method, bootstrap, shop.Key);
            foreach (var (name, message) in Bombs(method.InputType))
            {
                // Twice, and the second is measured: the first compiles and fills what is kept.
                await MutationRow.SendAsync(http, method, key, message, default);
                var before = GC.GetTotalAllocatedBytes(precise: true);
                var (status, said) = await MutationRow.SendAsync(http, method, key, message, default);
                var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
                calls++;
                if (MutationRow.IsUnforeseen(status)) wrong.Add($"{method.Name}, {name}: {status ?? "no status"} {said}");
                else clean++;
                if (allocated > AllocatedMax) wrong.Add($"{method.Name}, {name}: {allocated >> 10} KiB allocated");
                if (allocated > most) (most, mostOf) = (allocated, $"{method.Name}, {name}");
            }
        }

        sheet.Add(
            new Outcome("L8 bombs", calls, clean, 0, 0, wrong.Count, string.Create(
                CultureInfo.InvariantCulture, $"({methods.Length} rpcs; most allocated {most >> 10} KiB by {mostOf})")),
            wrong);
        sheet.Control("L8 bombs", Unbounded() > AllocatedMax, $"a parser without limits allocates {Unbounded() >> 20} MiB for 256 KiB");
    }

    private static IEnumerable<(string Name, byte[] Message)> Bombs(MessageDescriptor type)
    {
        yield return ("10,000 unknown fields", Repeated(UnknownField, WireFormat.WireType.Varint, 10_000));
        yield return ("nested groups that nobody knows", Groups());
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            if (field.FieldType == FieldType.Message)
            {
                yield return ($"{field.Name} of empty messages", Repeated(field.FieldNumber, WireFormat.WireType.LengthDelimited, MessageBytes / 3));
                yield return ($"{field.Name} nested", Nested(field.FieldNumber));
            }

            if (field.IsRepeated)
            {
                yield return ($"{field.Name}: a thousand", Repeated(field.FieldNumber, TypeOf(field), 1_000));
                yield return ($"{field.Name}: as many as fit", Repeated(field.FieldNumber, TypeOf(field), MessageBytes / 4));
            }

            if (field.FieldType == FieldType.String) yield return ($"{field.Name} of 60 KB", Text(field.FieldNumber));
            if (field.FieldType is FieldType.Double or FieldType.Float) yield return ($"{field.Name} is not a number", NotANumber(field));
            if (TypeOf(field) == WireFormat.WireType.Varint)
            {
                yield return ($"{field.Name} of int64's least", Number(field.FieldNumber, unchecked((ulong)long.MinValue)));
                yield return ($"{field.Name} of int64's most", Number(field.FieldNumber, long.MaxValue));
                yield return ($"{field.Name} of uint64's most", Number(field.FieldNumber, ulong.MaxValue));
            }
        }
    }

    private static WireFormat.WireType TypeOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message or FieldType.String or FieldType.Bytes => WireFormat.WireType.LengthDelimited,
        FieldType.Double or FieldType.Fixed64 or FieldType.SFixed64 => WireFormat.WireType.Fixed64,
        FieldType.Float or FieldType.Fixed32 or FieldType.SFixed32 => WireFormat.WireType.Fixed32,
        _ => WireFormat.WireType.Varint,
    };

    private static byte[] Repeated(int field, WireFormat.WireType type, int count) => Write(output =>
    {
        for (var index = 0; index < count; index++)
        {
            output.WriteTag(field, type);
            if (type == WireFormat.WireType.Fixed64) output.WriteFixed64(0);
            else if (type == WireFormat.WireType.Fixed32) output.WriteFixed32(0);
            else output.WriteUInt32(0);
        }
    });

    private static byte[] Nested(int field)
    {
        byte[] message = [];
        for (var depth = 0; depth < Nesting && message.Length < MessageBytes - 10; depth++)
        {
            var inner = message;
            message = Write(output =>
            {
                output.WriteTag(field, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(inner));
            });
        }

        return message;
    }

    private static byte[] Groups() => Write(output =>
    {
        for (var depth = 0; depth < Nesting; depth++) output.WriteTag(UnknownField, WireFormat.WireType.StartGroup);
        for (var depth = 0; depth < Nesting; depth++) output.WriteTag(UnknownField, WireFormat.WireType.EndGroup);
    });

    private static byte[] Text(int field) => Write(output =>
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(new string('x', 60_000));
    });

    private static byte[] NotANumber(FieldDescriptor field) => Write(output =>
    {
        output.WriteTag(field.FieldNumber, TypeOf(field));
        if (field.FieldType == FieldType.Double) output.WriteDouble(double.NaN);
        else output.WriteFloat(float.PositiveInfinity);
    });

    private static byte[] Number(int field, ulong value) => Write(output =>
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteUInt64(value);
    });

    private static byte[] Write(Action<CodedOutputStream> write)
    {
        var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true)) write(output);
        return bytes.ToArray();
    }

    // What 256 KiB, the most a message may have, become when nothing counts the elements.
    private static long Unbounded()
    {
        var lines = RecordPurchaseRequest.Descriptor.FindFieldByName("lines");
        var bomb = Repeated(lines.FieldNumber, WireFormat.WireType.LengthDelimited, (256 << 10) / 2);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        RecordPurchaseRequest.Parser.ParseFrom(bomb);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}
