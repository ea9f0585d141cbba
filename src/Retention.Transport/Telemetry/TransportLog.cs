using Microsoft.Extensions.Logging;

namespace Retention.Transport.Telemetry;

internal static partial class TransportLog
{
    public const string Category = "Retention.Transport";

    [LoggerMessage(1, LogLevel.Error, "{Method} failed with error id {ErrorId}: {Description}")]
    public static partial void MethodFailed(ILogger logger, string method, string errorId, string description);

    [LoggerMessage(2, LogLevel.Warning, "Connection closed: {Reason}")]
    public static partial void ConnectionClosed(ILogger logger, string reason);

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
