using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Retention.Transport.Telemetry;

namespace Retention.Transport.Hosting;

/// <summary>
/// Closes HTTP/2 connections that send frames without work: Kestrel has no limit for pings, settings, empty data and
/// the like, and none for a beginning that never ends. It only looks at the nine bytes that head each frame.
/// </summary>
internal sealed class FrameGuard(
    ConnectionDelegate next, TransportOptions options, ConnectionRate? rate, ILogger logger)
{
    public async Task Serve(ConnectionContext connection)
    {
        var transport = connection.Transport;
        var count = new FrameCount(options);
        void Close(string why)
        {
            TransportLog.ConnectionClosed(logger, why);
            connection.Abort(new ConnectionAbortedException(why));
        }

        // Kestrel waits for the first byte, and for the rest of a preface, as long as for the next request.
        using var patience = options.Time.CreateTimer(
            _ =>
            {
                if (!count.HasBegun) Close("its beginning did not come to an end in time");
            },
            null, options.FirstByteTimeout, Timeout.InfiniteTimeSpan);
        connection.Transport = new GuardedPipe(
            transport, count,
            () => patience.Change(options.RequestHeadersTimeout, Timeout.InfiniteTimeSpan),
            () => Close("too many HTTP/2 frames without work"));
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;

            // Also of one that ended before it was closed: floods in small pieces are no cheaper.
            rate?.Charge(connection.RemoteEndPoint, count.FloodShare);
        }
    }

    private sealed class GuardedPipe(IDuplexPipe inner, FrameCount count, Action onFirstBytes, Action onFlood) : IDuplexPipe
    {
        public PipeReader Input { get; } = new GuardedReader(inner.Input, count, onFirstBytes, onFlood);

        public PipeWriter Output { get; } = new CountedWriter(inner.Output, count);
    }
}
