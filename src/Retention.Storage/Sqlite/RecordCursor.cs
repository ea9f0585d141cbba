using System.Text;
using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Walks one journal row in its order: writes, their facts, the ledger, the reminders. What is skipped is not
/// allocated, which is what makes reading the tail at a start fast.
/// </summary>
internal ref struct RecordCursor
{
    private readonly ReadOnlyMemory<byte> content;
    private ByteReader reader;
    private int remindersLeft = -1;

    public RecordCursor(long position, ReadOnlyMemory<byte> content)
    {
        Position = position;
        this.content = content;
        reader = new ByteReader(content.Span);
        Partition = new PartitionId(reader.Text());
        RecordedAt = reader.Moment();
        WritesLeft = reader.Count();
    }

    public long Position { get; }

    public PartitionId Partition { get; }

    public Instant RecordedAt { get; }

    public int WritesLeft { get; private set; }

    public GrainId Grain { get; private set; }

    public long ExpectedVersion { get; private set; }

    public int FactCount { get; private set; }

    public int FactsLeft { get; private set; }

    /// <summary>Position of the grain's write before this one; 0 when this is its first.</summary>
    public long Previous { get; private set; }

    /// <summary>Version of the newest snapshot that the store knew of when it wrote this.</summary>
    public long SnapshotVersion { get; private set; }

    public bool NextWrite()
    {
        if (!PassFacts())
        {
            return false;
        }

        Grain = JournalCodec.DecodeGrain(ref reader, Partition);
        ReadHead();
        return true;
    }

    /// <summary>The next write to a grain of one part; the names of others are not made.</summary>
    public bool NextWrite(StorePart part)
    {
        while (PassFacts())
        {
            var after = PeekName(out var kind, out var key);
            var isIn = part.Holds(kind, key);
            PassName(after, isIn);
            if (isIn)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The write to one grain, if the row holds it from here on; the names of the others are not made.</summary>
    public bool NextWrite(GrainId grain)
    {
        var (kind, key) = (Encoding.UTF8.GetBytes(grain.Kind), Encoding.UTF8.GetBytes(grain.Key));
        while (PassFacts())
        {
            var after = PeekName(out var otherKind, out var otherKey);
            var isNamed = otherKey.SequenceEqual(key) && otherKind.SequenceEqual(kind);
            PassName(after, isNamed);

            // Another partition's grain may bear the same name.
            if (isNamed && Grain == grain)
            {
                return true;
            }
        }

        return false;
    }

    public ReadOnlySpan<byte> NextFact()
    {
        FactsLeft--;
        return reader.Bytes();
    }

    /// <summary>The next fact as a part of the content, so that it may be kept.</summary>
    public ReadOnlyMemory<byte> NextFactKept() => Part(NextFact().Length);

    /// <summary>The ledger's part, whole. Comes after the writes.</summary>
    public LedgerWrite? Ledger()
    {
        PassWrites();
        if (reader.Byte() == 0)
        {
            return null;
        }

        var keys = new LedgerKey[reader.Count()];
        for (var index = 0; index < keys.Length; index++)
        {
            keys[index] = new LedgerKey(reader.Wide());
        }

        var content = reader.Wide();
        var format = reader.Text();
        return new LedgerWrite(keys, content, format, Part(reader.Bytes().Length));
    }

    /// <summary>Only the keys of the ledger's part. Comes after the writes.</summary>
    public void CollectKeys(ICollection<UInt128> keys)
    {
        PassWrites();
        if (reader.Byte() == 0)
        {
            return;
        }

        for (var left = reader.Count(); left > 0; left--)
        {
            keys.Add(reader.Wide());
        }

        reader.Wide();
        reader.Bytes();
        reader.Bytes();
    }

    /// <summary>Comes after the ledger.</summary>
    public bool NextReminder(out ReminderChange change)
    {
        if (remindersLeft < 0)
        {
            remindersLeft = reader.Count();
        }

        if (remindersLeft == 0)
        {
            change = null!;
            return false;
        }

        remindersLeft--;
        change = JournalCodec.DecodeReminder(ref reader, Partition);
        return true;
    }

    /// <summary>What the next write's grain is called, and where its name ends.</summary>
    private readonly ByteReader PeekName(out ReadOnlySpan<byte> kind, out ReadOnlySpan<byte> key)
    {
        var ahead = reader;
        if (ahead.Byte() != 0)
        {
            ahead.Bytes();
        }

        kind = ahead.Bytes();
        key = ahead.Bytes();
        return ahead;
    }

    private void PassName(ByteReader after, bool isMeant)
    {
        if (isMeant)
        {
            Grain = JournalCodec.DecodeGrain(ref reader, Partition);
        }
        else
        {
            reader = after;
        }

        ReadHead();
    }

    private bool PassFacts()
    {
        while (FactsLeft > 0)
        {
            NextFact();
        }

        if (WritesLeft == 0)
        {
            return false;
        }

        WritesLeft--;
        return true;
    }

    private void ReadHead()
    {
        ExpectedVersion = reader.Number();
        var back = reader.Number();
        Previous = back == 0 ? 0 : Position - back;
        SnapshotVersion = ExpectedVersion - reader.Number();
        FactCount = FactsLeft = reader.Count();
    }

    private void PassWrites()
    {
        while (NextWrite())
        {
        }
    }

    private readonly ReadOnlyMemory<byte> Part(int length) => content.Slice(reader.Offset - length, length);
}
