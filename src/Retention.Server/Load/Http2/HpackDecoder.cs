namespace Retention.Server.Load.Http2;

/// <summary>Takes the headers of a block as they are decoded; the texts live only during the call.</summary>
internal interface IHeaderSink
{
    void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}

/// <summary>
/// Decodes the header blocks of one connection, in the order they arrive. It allocates nothing: every response of a
/// load run passes through it.
/// </summary>
internal sealed class HpackDecoder(int tableCapacity = HpackDecoder.DefaultTableCapacity)
{
    public const int DefaultTableCapacity = 4096;
    private const int LongestText = 32 * 1024;

    private readonly byte[] _name = new byte[LongestText];
    private readonly byte[] _value = new byte[LongestText];

    internal HpackDynamicTable Table { get; } = new(tableCapacity);

    public void Decode<TSink>(ReadOnlySpan<byte> block, ref TSink sink)
        where TSink : struct, IHeaderSink
    {
        var isFirst = true;
        while (!block.IsEmpty)
        {
            var first = block[0];
            if ((first & 0x80) != 0)
            {
                var index = Integer(ref block, 7);
                sink.Add(Name(index), Value(index));
            }
            else if ((first & 0xE0) == 0x20)
            {
                if (!isFirst) throw new Http2Exception("The header table is resized inside a block.");
                Table.Resize(Integer(ref block, 5));
                continue;
            }
            else
            {
                Literal(ref block, ref sink, isKept: (first & 0x40) != 0);
            }

            isFirst = false;
        }
    }

    private void Literal<TSink>(ref ReadOnlySpan<byte> block, ref TSink sink, bool isKept)
        where TSink : struct, IHeaderSink
    {
        var index = Integer(ref block, isKept ? 6 : 4);
        var name = index == 0 ? Text(ref block, _name) : Name(index);
        var value = Text(ref block, _value);
        sink.Add(name, value);
        if (!isKept) return;

        // The name may lie in the table, whose texts move when it takes another one in.
        if (index > HpackStaticTable.Count)
        {
            name.CopyTo(_name);
            name = _name.AsSpan(0, name.Length);
        }

        Table.Insert(name, value);
    }

    private ReadOnlySpan<byte> Name(int index)
    {
        if (index == 0) throw new Http2Exception("A header index is 0.");
        return index <= HpackStaticTable.Count
            ? HpackStaticTable.Name(index)
            : Table.Name(index - HpackStaticTable.Count - 1);
    }

    private ReadOnlySpan<byte> Value(int index) => index <= HpackStaticTable.Count
        ? HpackStaticTable.Value(index)
        : Table.Value(index - HpackStaticTable.Count - 1);

    private static ReadOnlySpan<byte> Text(ref ReadOnlySpan<byte> block, byte[] decoded)
    {
        if (block.IsEmpty) throw CutOff();
        var isCoded = (block[0] & 0x80) != 0;
        var length = Integer(ref block, 7);
        if (length > block.Length) throw CutOff();
        if (length > LongestText * 5 / 8) throw new Http2Exception("A header is too long.");
        var text = block[..length];
        block = block[length..];
        return isCoded ? decoded.AsSpan(0, HuffmanCode.Decode(text, decoded)) : text;
    }

    private static int Integer(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        var mask = (1 << prefixBits) - 1;
        var value = block[0] & mask;
        block = block[1..];
        if (value < mask) return value;
        for (var shift = 0; shift <= 21; shift += 7)
        {
            if (block.IsEmpty) throw CutOff();
            var next = block[0];
            block = block[1..];
            value += (next & 0x7F) << shift;
            if ((next & 0x80) == 0) return value;
        }

        throw new Http2Exception("A header's integer is too long.");
    }

    private static Http2Exception CutOff() => new("A header block is cut off.");
}
