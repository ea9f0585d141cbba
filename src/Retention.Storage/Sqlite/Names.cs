using System.Text;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Texts that come again and again (partitions, kinds, formats), so that reading the journal does not allocate them
/// each time. Slots are replaced without a lock: each holds a whole pair, and any pair is right.
/// </summary>
internal static class Names
{
    private const int LongestKept = 48;
    private static readonly Entry?[] Slots = new Entry?[4096];

    public static string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > LongestKept)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        ref var slot = ref Slots[Checksum.Of(0, utf8) % (uint)Slots.Length];
        var entry = slot;
        if (entry is null || !utf8.SequenceEqual(entry.Utf8))
        {
            slot = entry = new Entry(utf8.ToArray(), Encoding.UTF8.GetString(utf8));
        }

        return entry.Text;
    }

    private sealed record Entry(byte[] Utf8, string Text);
}
