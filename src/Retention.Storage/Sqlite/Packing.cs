using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Writes bytes shorter by naming what stood before: in the bytes themselves, or in a fixed text of words that rows have
/// in common. As LZ4 does it: runs of literal bytes and copies (distance, length) in turns, without any entropy coding,
/// because a commit waits for it. Used by one thread.
/// </summary>
internal sealed class Packing
{
    /// <summary>Longer content is left as it is: distances take two bytes.</summary>
    public const int ContentMax = 48 * 1024;

    private const int MatchMin = 4;
    private const int NibbleMax = 15;
    private const int HashBits = 12;
    private static readonly ushort[] PlacesOfWords = Places(Words.Bytes);

    // The words, and behind them the content, so that a copy may come from either.
    private readonly byte[] window = new byte[Words.Bytes.Length + ContentMax];
    private readonly ushort[] places = new ushort[1 << HashBits];

    public Packing() => Words.Bytes.CopyTo(window);

    /// <summary>Appends the packed content; false, and nothing is appended, when it would not be shorter.</summary>
    public bool TryPack(ReadOnlySpan<byte> content, ByteWriter output)
    {
        if (content.Length is <= MatchMin or > ContentMax) return false;

        var start = output.Length;
        var first = Words.Bytes.Length;
        content.CopyTo(window.AsSpan(first));
        PlacesOfWords.CopyTo(places, 0);
        var (literal, at, end) = (first, first, first + content.Length);
        while (at <= end - MatchMin)
        {
            var slot = Slot(window, at);
            var earlier = places[slot];
            places[slot] = (ushort)at;
            if (Four(window, earlier) != Four(window, at))
            {
                at++;
                continue;
            }

            var length = MatchMin + Equal(window.AsSpan(earlier + MatchMin, end - at - MatchMin), at + MatchMin);
            var back = at - earlier;
            for (; at > literal && at > back && window[at - 1] == window[at - 1 - back]; length++)
            {
                at--;
            }

            Put(output, window.AsSpan(literal, at - literal), back, length);
            at += length;
            literal = at;
        }

        PutLast(output, window.AsSpan(literal, end - literal));
        if (output.Length - start < content.Length) return true;
        output.CutTo(start);
        return false;
    }

    /// <summary>Puts the content together again. Bytes that say anything impossible are damage.</summary>
    // A start unpacks the whole tail before the runtime compiles anything a second time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(ReadOnlySpan<byte> packed, Span<byte> content)
    {
        var words = Words.Bytes;
        var (at, written) = (0, 0);
        while (at < packed.Length)
        {
            var token = packed[at++];
            var literals = Length(packed, ref at, token >> 4);
            if (literals > packed.Length - at || literals > content.Length - written) throw Unreadable();
            packed.Slice(at, literals).CopyTo(content[written..]);
            at += literals;
            written += literals;
            if (at == packed.Length) break;
            if (packed.Length - at < 2) throw Unreadable();
            var back = BinaryPrimitives.ReadUInt16LittleEndian(packed[at..]);
            at += 2;
            var length = Length(packed, ref at, token & NibbleMax) + MatchMin;
            if (back == 0 || back > written + words.Length || length > content.Length - written) throw Unreadable();

            Copy(words, content, written, back, length);
            written += length;
        }

        if (written != content.Length) throw Unreadable();
    }

    private static void Copy(ReadOnlySpan<byte> words, Span<byte> content, int written, int back, int length)
    {
        var from = written - back;
        if (from < 0)
        {
            // It may begin in the words and go on into the content.
            var ofWords = Math.Min(length, -from);
            words.Slice(words.Length + from, ofWords).CopyTo(content[written..]);
            (from, written, length) = (0, written + ofWords, length - ofWords);
        }

        // It may overlap what it writes: so much is there already, and twice as much after each piece.
        while (length > 0)
        {
            var piece = Math.Min(length, written - from);
            content.Slice(from, piece).CopyTo(content[written..]);
            (written, length) = (written + piece, length - piece);
        }
    }

    private static void Put(ByteWriter output, ReadOnlySpan<byte> literals, int back, int length)
    {
        var rest = length - MatchMin;
        output.Byte((byte)((Math.Min(literals.Length, NibbleMax) << 4) | Math.Min(rest, NibbleMax)));
        PutLength(output, literals.Length);
        output.Raw(literals);
        output.Short((ushort)back);
        PutLength(output, rest);
    }

    private static void PutLast(ByteWriter output, ReadOnlySpan<byte> literals)
    {
        if (literals.IsEmpty) return;
        output.Byte((byte)(Math.Min(literals.Length, NibbleMax) << 4));
        PutLength(output, literals.Length);
        output.Raw(literals);
    }

    // What does not fit into the token's four bits.
    private static void PutLength(ByteWriter output, int length)
    {
        if (length >= NibbleMax) output.Number(length - NibbleMax);
    }

    private static int Length(ReadOnlySpan<byte> packed, ref int at, int nibble)
    {
        if (nibble < NibbleMax) return nibble;
        var rest = 0;
        for (var shift = 0; shift <= 14; shift += 7)
        {
            if (at == packed.Length) throw Unreadable();
            var next = packed[at++];
            rest |= (next & 0x7F) << shift;
            if (next < 0x80) return NibbleMax + rest;
        }

        throw Unreadable();
    }

    private int Equal(ReadOnlySpan<byte> earlier, int at) =>
        earlier.CommonPrefixLength(window.AsSpan(at, earlier.Length));

    private static uint Four(byte[] bytes, int at) => MemoryMarshal.Read<uint>(bytes.AsSpan(at));

    private static uint Slot(byte[] bytes, int at) => unchecked(Four(bytes, at) * 2654435761) >> (32 - HashBits);

    private static ushort[] Places(ReadOnlySpan<byte> words)
    {
        var bytes = words.ToArray();
        var places = new ushort[1 << HashBits];
        for (var at = 0; at <= bytes.Length - MatchMin; at++)
        {
            places[Slot(bytes, at)] = (ushort)at;
        }

        return places;
    }

    private static StoreDamagedException Unreadable() => new("A packed record cannot be unpacked.");
}

/// <summary>
/// The words that rows have in common, most frequent last. Every packed row points into them, so they never change:
/// better words are a second file and a further format of the row.
/// </summary>
internal static class Words
{
    private static readonly byte[] Content = Load();

    public static ReadOnlySpan<byte> Bytes => Content;

    // Lines are for whoever reads the file.
    private static byte[] Load()
    {
        const string name = "Retention.Storage.Schema.journal-words.1.txt";
        using var stream = typeof(Words).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The program lacks its words {name}.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return [.. bytes.ToArray().Where(x => x is not ((byte)'\r' or (byte)'\n'))];
    }
}
