namespace Retention.Server.Hosting;

/// <summary>What the server tells its operators. No personal data, no request bodies.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Critical, "A turn broke an invariant; its grains are loaded again: {description}")]
    public static partial void TurnFailed(ILogger logger, string description);

    [LoggerMessage(2, LogLevel.Critical, "The store must not be written any more; the server ends: {description}")]
    public static partial void StoreBroken(ILogger logger, string description);

    [LoggerMessage(3, LogLevel.Error, "The store failed; what was under way is decided again: {description}")]
    public static partial void StoreFailed(ILogger logger, string description);

    [LoggerMessage(4, LogLevel.Information, "SQLite {version} serves {directory}.")]
    public static partial void StoreOpened(ILogger logger, string version, string directory);

    [LoggerMessage(5, LogLevel.Information, "PostgreSQL serves the schema {schema}.")]
    public static partial void DatabaseOpened(ILogger logger, string schema);

    [LoggerMessage(6, LogLevel.Critical, "The wall clock jumped by {seconds:0} s against the monotonic one. Time goes on by the monotonic clock and reminders wait until the two agree; a restart takes the wall clock for right.")]
    public static partial void ClockInDoubt(ILogger logger, double seconds);

    [LoggerMessage(7, LogLevel.Warning, "The wall clock agrees with the monotonic one again, to {seconds:0} s: reminders go on.")]
    public static partial void ClockAgrees(ILogger logger, double seconds);

    /// <summary>Types and places, never messages: those may quote personal data.</summary>
    public static string Describe(Exception error)
    {
        var types = error.GetType().FullName;
        for (var inner = error.InnerException; inner is not null; inner = inner.InnerException)
        {
            types = $"{types} <- {inner.GetType().FullName}";
        }

        return $"{types}{Environment.NewLine}{error.StackTrace}";
    }
}
