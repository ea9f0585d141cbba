using System.Globalization;
using System.Text;
using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Faults.Disk;

/// <summary>
/// Commits of which the n-th is known from n alone: turns over two grains, effects sent and received, keys, reminders,
/// small and large facts. So a store can be judged by its head, without a second set of books.
/// </summary>
internal static class Diary
{
    private const int Customers = 20;
    private static readonly PartitionId Acme = PartitionId.Tenant("acme");
    private static readonly PartitionId Bolt = PartitionId.Tenant("bolt");
    private static readonly Instant Noon = Instant.FromUtc(2026, 3, 1, 12, 0);

    /// <summary>Limits so small that every kind of upkeep happens within a few hundred commits.</summary>
    public static SqliteOptions Options(string directory) => new()
    {
        Directory = directory,
        TailCommits = 60,
        FactsPerSnapshot = 3,
        SnapshotsPerPiece = 4,
        BlocksPerPiece = 2,
        RunsPerMerge = 2,
        CleanHeads = 1000,
        CheckpointBytes = 32 * 1024,
        LogBytesMax = 128 * 1024,
        IdleAfter = TimeSpan.FromMilliseconds(5),
        Readers = 1,
    };

    public static LedgerKey Key(long position) => LedgerKey.Request("acme", Text(position));

    public static Commit Nth(long position)
    {
        var partition = position % 4 == 2 ? Bolt : Acme;
        return new Commit(
            partition, Noon + Duration.FromMinutes(position), [.. Writes(position)], [],
            new LedgerWrite([Key(position)], (UInt128)position, "test.Reply", Bytes($"reply {position}")),
            [new ReminderChange(new GrainId(partition, "customer", Text(position)), "r", position % 3 == 0 ? null : Noon)]);
    }

    public static Commit[] After(long head, int count) => [.. Enumerable.Range(1, count).Select(x => Nth(head + x))];

    /// <summary>The state that a snapshot of the grain at the version shows.</summary>
    public static ReadOnlyMemory<byte> State(GrainId grain, long version) => Bytes($"{grain}@{version}");

    /// <summary>Everything a record holds, as text, so that two can be compared.</summary>
    public static string Describe(
        PartitionId partition, Instant at, IReadOnlyList<GrainWrite> writes, LedgerWrite? ledger,
        IReadOnlyList<ReminderChange> reminders) => string.Join('\n',
        [
            $"{partition.Value} {at.ToUnixTimeTicks()}",
            .. writes.Select(x => $"{x.Grain}@{x.ExpectedVersion}: {string.Join('|', x.Facts.Select(Read))}"),
            ledger is null ? "-" : $"{string.Join(' ', ledger.Keys.Select(x => x.Value))} {ledger.Content} {ledger.Format} {Read(ledger.Reply)}",
            .. reminders.Select(x => $"{x.Grain} {x.Name} {x.DueAt?.ToUnixTimeTicks()}"),
        ]);

    public static string Read(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    public static long Due(long head) => head - (head / 3);

    public static long Pending(long head) => (head / 4) - Math.Max(0, (head - 2) / 4);

    public static Instant DueUntil => Noon;

    private static IEnumerable<GrainWrite> Writes(long position)
    {
        if (position % 4 == 2)
        {
            yield return position == 2
                ? new GrainWrite(new GrainId(Bolt, "customer", "first"), 0, [Bytes("first")])
                : new GrainWrite(new GrainId(Bolt, GrainId.InboxKind, Acme.Value), ((position - 2) / 4) - 1, [Bytes("taken")]);
            yield break;
        }

        var fact = Bytes($"fact {position} {new string('x', Padding(position))}");
        yield return new GrainWrite(new GrainId(Acme, "customer", Text(position % Customers)), (position - 1) / Customers, [fact]);
        yield return new GrainWrite(new GrainId(Acme, "total", "all"), position - 1 - ((position + 1) / 4), [Bytes(Text(position))]);
        if (position % 4 == 0)
        {
            yield return new GrainWrite(
                new GrainId(Acme, GrainId.OutboxKind, Bolt.Value), (position / 4) - 1, [Bytes($"sent {position}")]);
        }
    }

    // Now and then a fact takes several pages.
    private static int Padding(long position) => position % 41 == 0 ? 9_000 : (int)(position * 13 % 200);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
