using System.Buffers.Binary;
using System.Text;
using NodaTime;

namespace Retention.Storage.Sqlite;

/// <summary>A buffer that is filled, handed to SQLite and used again. Numbers are little-endian base-128 varints.</summary>
internal sealed class ByteWriter
{
    private byte[] buffer = new byte[1024];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Takes back what was written after so many bytes.</summary>
    public void CutTo(int length) => Length = length;

    public void Byte(byte value) => Room(1)[0] = value;

    public void Number(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        var rest = (ulong)value;
        var room = Reserve(10);
        var used = 0;
        for (; rest >= 0x80; rest >>= 7)
        {
            room[used++] = unchecked((byte)(rest | 0x80));
        }

        room[used++] = (byte)rest;
        Length += used;
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        value.CopyTo(Room(value.Length));
    }

    public void Raw(ReadOnlySpan<byte> value) => value.CopyTo(Room(value.Length));

    public void Text(string value)
    {
        var size = Encoding.UTF8.GetByteCount(value);
        Number(size);
        Encoding.UTF8.GetBytes(value, Room(size));
    }

    public void Short(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Room(sizeof(ushort)), value);

    public void Wide(UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(Room(16), value);

    /// <summary>Nanoseconds are kept: what is read again is the same instant. Seconds before 1970 are zigzagged.</summary>
    public void Moment(Instant value)
    {
        var (seconds, nanoseconds) = value.ToUnixTimeSecondsAndNanoseconds();
        Number(unchecked((seconds << 1) ^ (seconds >> 63)));
        Number(nanoseconds);
    }

    /// <summary>Appends the checksum of everything written so far.</summary>
    public void Seal(long place)
    {
        var checksum = Checksum.Of(place, Written);
        BinaryPrimitives.WriteUInt32LittleEndian(Room(Checksum.Size), checksum);
    }

    private Span<byte> Room(int size)
    {
        var room = Reserve(size)[..size];
        Length += size;
        return room;
    }

    private Span<byte> Reserve(int size)
    {
        if (buffer.Length - Length < size)
        {
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, Length + size));
        }

        return buffer.AsSpan(Length);
    }
}
