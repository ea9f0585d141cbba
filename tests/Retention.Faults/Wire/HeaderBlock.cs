using System.Text;
using Retention.Server.Load.Http2;

namespace Retention.Faults.Wire;

/// <summary>Headers as any bytes that an attacker likes, and those of an answer.</summary>
internal static class HeaderBlock
{
    public static byte[] Of(params IEnumerable<(string Name, string Value)> headers)
    {
        var block = new MemoryStream();
        foreach (var (name, value) in headers)
        {
            // Literals that are not indexed.
            block.WriteByte(0);
            Put(block, name);
            Put(block, value);
        }

        return block.ToArray();
    }

    public static IEnumerable<(string Name, string Value)> Call(string path, string key) =>
    [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
        ("content-type", "application/grpc"), ("te", "trailers"), ("authorization", "Bearer " + key),
    ];

    public static Dictionary<string, string> Read(HpackDecoder decoder, ReadOnlySpan<byte> block)
    {
        var sink = new Sink([]);
        decoder.Decode(block, ref sink);
        return sink.Headers;
    }

    private static void Put(MemoryStream block, string text)
    {
        var rest = text.Length;
        if (rest < 127)
        {
            block.WriteByte((byte)rest);
        }
        else
        {
            block.WriteByte(127);
            for (rest -= 127; rest >= 128; rest /= 128) block.WriteByte((byte)((rest % 128) + 128));
            block.WriteByte((byte)rest);
        }

        block.Write(Encoding.Latin1.GetBytes(text));
    }

    private readonly struct Sink(Dictionary<string, string> headers) : IHeaderSink
    {
        public Dictionary<string, string> Headers => headers;

        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            headers[Encoding.Latin1.GetString(name)] = Encoding.Latin1.GetString(value);
    }
}
