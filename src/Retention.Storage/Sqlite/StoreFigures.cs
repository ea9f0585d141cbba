namespace Retention.Storage.Sqlite;

/// <summary>What the store says of itself, for telemetry and for tests.</summary>
/// <param name="LogBytes">Size of the write-ahead log.</param>
/// <param name="DatabaseBytes">Size of the database file.</param>
/// <param name="BytesWritten">Written since the start, log and database together.</param>
/// <param name="TailCommits">Commits that a start would read again.</param>
/// <param name="SnapshotsWaiting">Snapshots that are not written yet.</param>
/// <param name="SnapshotsWanted">Grains whose tail should be shortened.</param>
/// <param name="Reminders">Reminders that are set.</param>
/// <param name="GrainRuns">Sorted runs that lead from grains to commits.</param>
/// <param name="KeyRuns">Sorted runs that lead from ledger keys to commits.</param>
/// <param name="FilterBytes">Memory that the runs' filters take.</param>
public sealed record StoreFigures(
    long LogBytes, long DatabaseBytes, long BytesWritten, int TailCommits, int SnapshotsWaiting, int SnapshotsWanted,
    int Reminders, int GrainRuns, int KeyRuns, long FilterBytes);
