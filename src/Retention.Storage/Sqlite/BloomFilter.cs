using System.Runtime.InteropServices;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Says "certainly not" of most keys that are not in a set. All bits of a key lie in one cache line (a blocked Bloom
/// filter, Putze, Sanders and Singler 2007). Keys are digests, so their own bits serve as hashes.
/// </summary>
internal sealed class BloomFilter
{
    private const int WordsPerLine = 8;
    private const int Probes = 7;
    private readonly ulong[] words;

    public BloomFilter(long keys, int bitsPerKey)
    {
        words = new ulong[SizeOf(keys, bitsPerKey) / sizeof(ulong)];
    }

    public BloomFilter(ReadOnlySpan<byte> bytes) => words = MemoryMarshal.Cast<byte, ulong>(bytes).ToArray();

    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(words.AsSpan());

    /// <summary>Bytes that a filter for so many keys takes.</summary>
    public static long SizeOf(long keys, int bitsPerKey) => Math.Max(1, ((keys * bitsPerKey) + 511) / 512) * 64;

    public void Add(UInt128 key)
    {
        var line = LineOf(key);
        var bits = Lower(key);
        for (var probe = 0; probe < Probes; probe++, bits >>= 9)
        {
            words[line + (int)((bits >> 6) & 7)] |= 1UL << (int)(bits & 63);
        }
    }

    public bool MayHold(UInt128 key)
    {
        var line = LineOf(key);
        var bits = Lower(key);
        for (var probe = 0; probe < Probes; probe++, bits >>= 9)
        {
            if ((words[line + (int)((bits >> 6) & 7)] & (1UL << (int)(bits & 63))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static ulong Lower(UInt128 key) => unchecked((ulong)key);

    private int LineOf(UInt128 key) =>
        (int)Math.BigMul((ulong)(key >> 64), (ulong)(words.Length / WordsPerLine), out _) * WordsPerLine;
}
