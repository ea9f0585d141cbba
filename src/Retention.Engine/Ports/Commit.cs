using NodaTime;
using Retention.Kernel;

namespace Retention.Engine.Ports;

/// <summary>Facts to append to one grain, if its version is still the expected one.</summary>
/// <param name="Grain">The grain; kinds inbox and outbox number the effects between partitions.</param>
/// <param name="ExpectedVersion">Version before the first fact; 0 for a grain that does not exist.</param>
/// <param name="Facts">At least one; each becomes one version.</param>
public sealed record GrainWrite(GrainId Grain, long ExpectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> Facts)
{
    public long NewVersion => ExpectedVersion + Facts.Count;
}

/// <summary>A grain that the turn only read, and the version it saw. 0: it did not exist.</summary>
public readonly record struct GrainCheck(GrainId Grain, long Version);

/// <summary>The reply kept under the keys of a commit, and the digest of the request's content.</summary>
/// <param name="Keys">Request id first, then natural keys. None of them may exist already.</param>
/// <param name="Content">Digest of the request without its request id.</param>
/// <param name="Format">Names how the reply is encoded, e.g. "retention.v1.RecordPurchaseResponse".</param>
/// <param name="Reply">The encoded reply.</param>
public sealed record LedgerWrite(
    IReadOnlyList<LedgerKey> Keys, UInt128 Content, string Format, ReadOnlyMemory<byte> Reply);

/// <summary>
/// All that one turn changes: it becomes durable as a whole or not at all. A commit without writes and ledger
/// asks only whether its checks hold (a linearizable read where several nodes share the store).
/// </summary>
public sealed record Commit(
    PartitionId Partition,
    Instant RecordedAt,
    IReadOnlyList<GrainWrite> Writes,
    IReadOnlyList<GrainCheck> Checks,
    LedgerWrite? Ledger,
    IReadOnlyList<ReminderChange> Reminders);

/// <summary>What the store says of one commit of a batch.</summary>
public enum CommitVerdict
{
    /// <summary>Durable, at the position given.</summary>
    Done,

    /// <summary>Not applied: a version or check was stale, or a key exists already.</summary>
    Conflict,

    /// <summary>Not applied, and will not be: the store is full.</summary>
    Full,
}

/// <param name="Verdict">Done, or why not.</param>
/// <param name="Position">The journal position of a done commit; the current head for a check-only one.</param>
/// <param name="KeysAreNew">Of a conflict: nobody has taken a key of the commit, so that none need be looked up.</param>
/// <param name="Stale">
/// Of a conflict: the grains of the batch that others have written since; the rest was the newest. Null: the store does not tell.
/// </param>
public readonly record struct CommitResult(
    CommitVerdict Verdict, long Position, bool KeysAreNew = false, IReadOnlySet<GrainId>? Stale = null);
