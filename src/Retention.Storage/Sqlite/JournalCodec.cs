using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// The bytes of one journal row: format, partition, moment, writes, ledger, reminders, checksum. Each write names the
/// journal position of the grain's previous write, so that a grain's facts are found without an index.
/// </summary>
internal static class JournalCodec
{
    public const byte Plain = 1;
    public const byte Packed = 2;

    /// <summary>Opens a row whose checksum holds; anything else is damage.</summary>
    public static RecordCursor Open(long position, byte[] row)
    {
        var format = FormatOf(position, row);
        var content = row.AsMemory(1, row.Length - 1 - Checksum.Size);
        return new RecordCursor(position, format == Packed ? Unpack(content.Span) : content);
    }

    /// <summary>
    /// The content of such a row in a buffer that is used again, so that a row of many grains costs no memory for one.
    /// </summary>
    public static ReadOnlyMemory<byte> Content(long position, ReadOnlySpan<byte> row, ref byte[] buffer)
    {
        var isPacked = FormatOf(position, row) == Packed;
        var content = row[1..^Checksum.Size];
        var length = isPacked ? UnpackedLength(ref content) : content.Length;
        if (buffer.Length < length)
        {
            buffer = new byte[length];
        }

        if (isPacked)
        {
            Packing.Unpack(content, buffer.AsSpan(0, length));
        }
        else
        {
            content.CopyTo(buffer);
        }

        return buffer.AsMemory(0, length);
    }

    /// <summary>The whole record; its facts and reply are parts of one array, which may be the row.</summary>
    public static JournalRecord Decode(long position, byte[] row)
    {
        var cursor = Open(position, row);
        var writes = new List<GrainWrite>(cursor.WritesLeft);
        while (cursor.NextWrite())
        {
            writes.Add(Write(ref cursor));
        }

        var ledger = cursor.Ledger();
        var reminders = new List<ReminderChange>();
        while (cursor.NextReminder(out var change))
        {
            reminders.Add(change);
        }

        return new JournalRecord(position, cursor.Partition, cursor.RecordedAt, writes, ledger, reminders);
    }

    /// <summary>The writes to grains of one part.</summary>
    public static List<GrainWrite> Decode(long position, byte[] row, StorePart part)
    {
        var cursor = Open(position, row);
        var writes = new List<GrainWrite>();
        while (cursor.NextWrite(part))
        {
            writes.Add(Write(ref cursor));
        }

        return writes;
    }

    public static void EncodeGrain(ByteWriter output, PartitionId home, GrainId grain)
    {
        // Nearly all grains are of the commit's own partition, which then is not repeated.
        var atHome = grain.Partition == home;
        output.Byte(atHome ? (byte)0 : (byte)1);
        if (!atHome)
        {
            output.Text(grain.Partition.Value);
        }

        output.Text(grain.Kind);
        output.Text(grain.Key);
    }

    public static GrainId DecodeGrain(ref ByteReader reader, PartitionId home)
    {
        var partition = reader.Byte() == 0 ? home : new PartitionId(reader.Text());
        var kind = reader.Text();
        return new GrainId(partition, kind, reader.Text());
    }

    public static void EncodeReminder(ByteWriter output, PartitionId home, ReminderChange change)
    {
        EncodeGrain(output, home, change.Grain);
        output.Text(change.Name);
        output.Byte(change.DueAt is null ? (byte)0 : (byte)1);
        if (change.DueAt is { } dueAt)
        {
            output.Moment(dueAt);
        }
    }

    public static ReminderChange DecodeReminder(ref ByteReader reader, PartitionId home)
    {
        var grain = DecodeGrain(ref reader, home);
        var name = reader.Text();
        return new ReminderChange(grain, name, reader.Byte() == 0 ? null : reader.Moment());
    }

    private static GrainWrite Write(ref RecordCursor cursor)
    {
        var facts = new ReadOnlyMemory<byte>[cursor.FactsLeft];
        for (var index = 0; index < facts.Length; index++)
        {
            facts[index] = cursor.NextFactKept();
        }

        return new GrainWrite(cursor.Grain, cursor.ExpectedVersion, facts);
    }

    /// <summary>Everything of a row but its format and its checksum.</summary>
    public static void EncodeContent(ByteWriter output, long position, Commit commit, ReadOnlySpan<Head> before)
    {
        output.Text(commit.Partition.Value);
        output.Moment(commit.RecordedAt);
        output.Number(commit.Writes.Count);
        for (var index = 0; index < commit.Writes.Count; index++)
        {
            EncodeWrite(output, position, commit.Partition, commit.Writes[index], before[index]);
        }

        EncodeLedger(output, commit.Ledger);
        output.Number(commit.Reminders.Count);
        for (var index = 0; index < commit.Reminders.Count; index++)
        {
            EncodeReminder(output, commit.Partition, commit.Reminders[index]);
        }
    }

    internal static byte[] Unpack(ReadOnlySpan<byte> row)
    {
        var content = new byte[UnpackedLength(ref row)];
        Packing.Unpack(row, content);
        return content;
    }

    // Takes the length off what is packed.
    private static int UnpackedLength(ref ReadOnlySpan<byte> row)
    {
        var reader = new ByteReader(row);
        var length = reader.Number();
        row = row[reader.Offset..];
        return length is >= 0 and <= Packing.ContentMax
            ? (int)length
            : throw new StoreDamagedException("A packed record is longer than any that is packed.");
    }

    private static byte FormatOf(long position, ReadOnlySpan<byte> row) =>
        Checksum.Holds(position, row) && row[0] is (Plain or Packed)
            ? row[0]
            : throw new StoreDamagedException($"Journal record {position} is not what was written.");

    private static void EncodeWrite(ByteWriter output, long position, PartitionId home, GrainWrite write, Head before)
    {
        EncodeGrain(output, home, write.Grain);
        output.Number(write.ExpectedVersion);
        output.Number(before.Position == 0 ? 0 : position - before.Position);
        output.Number(Math.Max(0, write.ExpectedVersion - before.SnapshotVersion));
        output.Number(write.Facts.Count);
        for (var index = 0; index < write.Facts.Count; index++)
        {
            output.Bytes(write.Facts[index].Span);
        }
    }

    private static void EncodeLedger(ByteWriter output, LedgerWrite? ledger)
    {
        output.Byte(ledger is null ? (byte)0 : (byte)1);
        if (ledger is null)
        {
            return;
        }

        output.Number(ledger.Keys.Count);
        for (var index = 0; index < ledger.Keys.Count; index++)
        {
            output.Wide(ledger.Keys[index].Value);
        }

        output.Wide(ledger.Content);
        output.Text(ledger.Format);
        output.Bytes(ledger.Reply.Span);
    }
}
