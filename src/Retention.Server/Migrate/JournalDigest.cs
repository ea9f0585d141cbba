using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Retention.Engine.Ports;

namespace Retention.Server.Migrate;

/// <summary>SHA-256 over all that commits say, whatever store holds them: equal digests are equal journals.</summary>
internal sealed class JournalDigest : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] number = new byte[8];

    public void Add(JournalRecord record)
    {
        Add(record.Position);
        Add(record.Partition.Value);
        var (seconds, nanoseconds) = record.RecordedAt.ToUnixTimeSecondsAndNanoseconds();
        Add(seconds);
        Add(nanoseconds);
        Add(record.Writes.Count);
        foreach (var write in record.Writes)
        {
            Add($"{write.Grain}");
            Add(write.ExpectedVersion);
            Add(write.Facts.Count);
            foreach (var fact in write.Facts)
            {
                Add(fact.Span);
            }
        }

        Add(record.Ledger);
        Add(record.Reminders.Count);
        foreach (var change in record.Reminders)
        {
            Add($"{change.Grain}");
            Add(change.Name);
            Add(change.DueAt is { } dueAt ? $"{dueAt.ToUnixTimeSecondsAndNanoseconds()}" : "");
        }
    }

    public string Finish() => Convert.ToHexStringLower(hash.GetHashAndReset());

    public void Dispose() => hash.Dispose();

    private void Add(LedgerWrite? ledger)
    {
        Add(ledger is null ? 0 : 1);
        if (ledger is null) return;
        Add(ledger.Keys.Count);
        foreach (var key in ledger.Keys)
        {
            Add($"{key.Value:x32}");
        }

        Add($"{ledger.Content:x32}");
        Add(ledger.Format);
        Add(ledger.Reply.Span);
    }

    private void Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    private void Add(ReadOnlySpan<byte> bytes)
    {
        Add(bytes.Length);
        hash.AppendData(bytes);
    }

    private void Add(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(number, value);
        hash.AppendData(number);
    }
}
