using System.Text;
using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Tests;

/// <summary>Values that a test needs and does not care about.</summary>
internal static class Some
{
    public static readonly PartitionId Tenant = PartitionId.Tenant("acme");
    public static readonly PartitionId Other = PartitionId.Tenant("bolt");
    public static readonly Instant Noon = Instant.FromUtc(2026, 3, 1, 12, 0).PlusNanoseconds(7);

    public static CancellationToken Deadline => new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token;

    public static GrainId Customer(string key) => new(Tenant, "customer", key);

    public static GrainId Outbox(PartitionId from, PartitionId to) => new(from, GrainId.OutboxKind, to.Value);

    public static GrainId Inbox(PartitionId to, PartitionId from) => new(to, GrainId.InboxKind, from.Value);

    public static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    public static GrainWrite Write(GrainId grain, long expected, params string[] facts) =>
        new(grain, expected, [.. facts.Select(Bytes)]);

    public static LedgerKey Key(string id) => LedgerKey.Request("acme", id);

    public static LedgerWrite Ledger(string reply, params LedgerKey[] keys) => new(keys, 42, "test.Reply", Bytes(reply));

    public static Commit Commit(params GrainWrite[] writes) => new(Tenant, Noon, writes, [], null, []);

    public static Commit Commit(LedgerWrite ledger, params GrainWrite[] writes) => new(Tenant, Noon, writes, [], ledger, []);

    public static ReminderChange Remind(GrainId grain, string name, Instant? dueAt) => new(grain, name, dueAt);
}
