using System.Text;

namespace Retention.Server.Load.Http2;

/// <summary>
/// The headers that all calls of a connection share, coded once. The first call enters them into the server's header
/// table, each later one is a few bytes that point there, as with any good gRPC client.
/// </summary>
internal sealed class CallHeaders
{
    private const byte Post = 0x83;
    private const byte SchemeHttp = 0x86;
    private const byte SchemeHttps = 0x87;
    private const byte EmptyTable = 0x20;
    private const byte Kept = 0x40;
    private const int FirstOwnIndex = 62;

    private static readonly byte[] NameOfTe = "te"u8.ToArray();

    public CallHeaders(Uri endpoint, string path, string? key)
    {
        var scheme = endpoint.Scheme == Uri.UriSchemeHttps ? SchemeHttps : SchemeHttp;
        List<(int Name, string Value)> headers =
        [
            (4, path), (1, endpoint.Authority), (31, "application/grpc"), (0, "trailers"), (58, "retention-load"),
        ];
        if (key is not null) headers.Add((23, "Bearer " + key));

        First = [Post, scheme, .. headers.SelectMany(header => Literal(header.Name, header.Value, isKept: true))];
        Next = [Post, scheme, .. headers.Select((_, i) => (byte)(0x80 | (FirstOwnIndex + headers.Count - 1 - i)))];
        Unkept =
        [
            EmptyTable, Post, scheme,
            .. headers.SelectMany(header => Literal(header.Name, header.Value, isKept: false)),
        ];
    }

    /// <summary>The block of a connection's first call.</summary>
    public byte[] First { get; }

    /// <summary>The block of every later call.</summary>
    public byte[] Next { get; }

    /// <summary>The block for a server that keeps a smaller header table than usual: it uses none.</summary>
    public byte[] Unkept { get; }

    private static byte[] Literal(int nameIndex, string value, bool isKept)
    {
        var bytes = new List<byte>();
        AppendInteger(bytes, isKept ? Kept : (byte)0, isKept ? 6 : 4, nameIndex);
        if (nameIndex == 0) AppendText(bytes, NameOfTe);
        AppendText(bytes, Encoding.ASCII.GetBytes(value));
        return [.. bytes];
    }

    private static void AppendText(List<byte> bytes, byte[] text)
    {
        AppendInteger(bytes, 0, 7, text.Length);
        bytes.AddRange(text);
    }

    private static void AppendInteger(List<byte> bytes, byte pattern, int prefixBits, int value)
    {
        var mask = (1 << prefixBits) - 1;
        if (value < mask)
        {
            bytes.Add((byte)(pattern | value));
            return;
        }

        bytes.Add((byte)(pattern | mask));
        for (value -= mask; value >= 0x80; value >>= 7) bytes.Add((byte)((value & 0x7F) | 0x80));
        bytes.Add((byte)value);
    }
}
