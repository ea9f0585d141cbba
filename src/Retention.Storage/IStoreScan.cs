using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage.Sqlite;

namespace Retention.Storage;

/// <summary>
/// Reads the rows of a store one by one as they lie there, so that a damaged row is told of and the rest is still
/// read. For audits; no server may work in the store meanwhile.
/// </summary>
public interface IStoreScan : IDisposable
{
    /// <summary>Position of the last commit.</summary>
    long LastPosition { get; }

    /// <summary>About how large the store is.</summary>
    long Bytes { get; }

    /// <summary>Every commit, in order. A gap counts as one damaged row at each missing position.</summary>
    IEnumerable<ScannedCommit> Journal();

    /// <summary>What the journal writes to grains of one part, in order. Damaged rows are left out.</summary>
    IEnumerable<(long Position, GrainWrite Write)> Writes(StorePart part);

    /// <summary>Every saved state.</summary>
    IEnumerable<ScannedSnapshot> Snapshots();
}

/// <param name="Record">Null where the row is damaged or missing.</param>
/// <param name="Damage">Empty where it is not.</param>
public sealed record ScannedCommit(long Position, JournalRecord? Record, string Damage);

/// <param name="State">Empty where the row is damaged.</param>
public sealed record ScannedSnapshot(GrainId Grain, long Version, ReadOnlyMemory<byte> State, string Damage);
