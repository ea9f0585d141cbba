namespace Retention.Server.Load.Http2;

/// <summary>
/// The headers that a connection has met, newest first. The texts lie in one buffer twice as large as the table, so
/// that each is in one piece; what lives is moved to the front when the end is reached.
/// </summary>
internal sealed class HpackDynamicTable(int capacity)
{
    // RFC 7541, 4.1: each entry counts 32 bytes more than its texts.
    private const int Overhead = 32;

    private readonly byte[] _texts = new byte[2 * capacity];
    private readonly Entry[] _entries = new Entry[(capacity / Overhead) + 1];
    private int _newest = -1;
    private int _end;
    private int _limit = capacity;

    public int Count { get; private set; }

    /// <summary>Bytes as RFC 7541 counts them.</summary>
    public int Size { get; private set; }

    /// <summary>Lowers or raises the limit, as the peer's encoder asks.</summary>
    public void Resize(int limit)
    {
        if (limit > _texts.Length / 2) throw new Http2Exception("The header table would outgrow its bound.");
        _limit = limit;
        EvictTo(limit);
    }

    public ReadOnlySpan<byte> Name(int index) => Texts(At(index), isValue: false);

    public ReadOnlySpan<byte> Value(int index) => Texts(At(index), isValue: true);

    /// <summary>The texts must not be the table's own: an insert moves and evicts them.</summary>
    public void Insert(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var size = name.Length + value.Length + Overhead;
        EvictTo(Math.Max(0, _limit - size));

        // An entry larger than the table empties it, and is no error.
        if (size > _limit) return;
        if (_end + name.Length + value.Length > _texts.Length) Compact();
        _newest = (_newest + 1) % _entries.Length;
        _entries[_newest] = new Entry(_end, name.Length, value.Length);
        name.CopyTo(_texts.AsSpan(_end));
        value.CopyTo(_texts.AsSpan(_end + name.Length));
        _end += name.Length + value.Length;
        Count++;
        Size += size;
    }

    private void EvictTo(int size)
    {
        while (Size > size)
        {
            Size -= At(Count - 1).Length + Overhead;
            Count--;
        }
    }

    private void Compact()
    {
        var start = Count == 0 ? _end : At(Count - 1).Start;
        _texts.AsSpan(start, _end - start).CopyTo(_texts);
        _end -= start;
        for (var index = 0; index < Count; index++) At(index).Start -= start;
    }

    private ref Entry At(int index)
    {
        if ((uint)index >= (uint)Count) throw new Http2Exception("A header index is beyond the table.");
        return ref _entries[(_newest - index + _entries.Length) % _entries.Length];
    }

    private ReadOnlySpan<byte> Texts(in Entry entry, bool isValue) => isValue
        ? _texts.AsSpan(entry.Start + entry.NameLength, entry.ValueLength)
        : _texts.AsSpan(entry.Start, entry.NameLength);

    private struct Entry(int start, int nameLength, int valueLength)
    {
        public int Start = start;
        public readonly int NameLength = nameLength;
        public readonly int ValueLength = valueLength;

        public readonly int Length => NameLength + ValueLength;
    }
}
