using System.Buffers.Binary;
using NodaTime;
using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>Reads what <see cref="ByteWriter"/> wrote. The checksum was compared before.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> content)
{
    private readonly ReadOnlySpan<byte> content = content;

    public int Offset { get; private set; }

    public readonly bool AtEnd => Offset == content.Length;

    public byte Byte() => Take(1)[0];

    public long Number()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return unchecked((long)value);
            }
        }

        throw Unreadable();
    }

    public int Count()
    {
        var value = Number();
        return value >= 0 && value <= content.Length ? (int)value : throw Unreadable();
    }

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    public string Text() => Names.Of(Bytes());

    public UInt128 Wide() => BinaryPrimitives.ReadUInt128BigEndian(Take(16));

    public Instant Moment()
    {
        var seconds = unchecked((ulong)Number());
        var nanoseconds = Number();
        return Instant.FromUnixTimeSeconds(unchecked((long)(seconds >> 1) ^ -(long)(seconds & 1)))
            .PlusNanoseconds(nanoseconds);
    }

    public ReadOnlySpan<byte> Take(int size)
    {
        if (content.Length - Offset < size)
        {
            throw Unreadable();
        }

        var taken = content.Slice(Offset, size);
        Offset += size;
        return taken;
    }

    private static StoreDamagedException Unreadable() => new("A stored record ends before its content does.");
}
