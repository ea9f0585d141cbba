namespace Retention.Server.Load;

/// <summary>What the server has used since it started, as far as it can be told; null where it cannot.</summary>
/// <param name="ProcessorTime">Of all its threads.</param>
/// <param name="BytesWritten">Handed to the disk's files: journal, index, snapshots and copies of the log alike.</param>
internal readonly record struct ServerUse(TimeSpan? ProcessorTime, long? BytesWritten)
{
    public static ServerUse operator -(ServerUse after, ServerUse before) =>
        new(after.ProcessorTime - before.ProcessorTime, after.BytesWritten - before.BytesWritten);
}
