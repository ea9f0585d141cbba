namespace Retention.Server.Load.Http2;

/// <summary>
/// HPACK's Huffman code (RFC 7541, appendix B). The code is canonical: codes of one length are consecutive numbers in
/// the order of their symbols, so the lengths alone give all of it.
/// </summary>
internal static class HuffmanCode
{
    private const int LongestCode = 30;
    private const int EndOfString = 256;

    private static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28,
        28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15,
        6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22,
        20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23,
        23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22,
        22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26,
        27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27,
        26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
    ];

    private static readonly short[] Symbols =
        [.. Enumerable.Range(0, EndOfString + 1).OrderBy(symbol => Lengths[symbol]).Select(symbol => (short)symbol)];

    private static readonly int[] CountOfLength =
        [.. Enumerable.Range(0, LongestCode + 1).Select(length => Lengths.Count((byte)length))];

    /// <summary>Decodes the whole of <paramref name="coded"/>; at most 8/5 as many bytes come out.</summary>
    public static int Decode(ReadOnlySpan<byte> coded, Span<byte> text)
    {
        var written = 0;
        int code = 0, first = 0, index = 0, length = 0;
        for (var bit = 0; bit < coded.Length * 8; bit++)
        {
            code = (code << 1) | ((coded[bit >> 3] >> (7 - (bit & 7))) & 1);
            first <<= 1;
            length++;
            if (length > LongestCode) throw new Http2Exception("A Huffman code is too long.");
            var count = CountOfLength[length];
            if (code - first < count)
            {
                text[written++] = Literal(Symbols[index + code - first]);
                code = first = index = length = 0;
                continue;
            }

            first += count;
            index += count;
        }

        // What is left is padding: less than a byte, all ones.
        if (length > 7 || code != (1 << length) - 1) throw new Http2Exception("A Huffman text is badly padded.");
        return written;
    }

    private static byte Literal(short symbol) =>
        symbol == EndOfString ? throw new Http2Exception("A Huffman text holds its end.") : (byte)symbol;
}
