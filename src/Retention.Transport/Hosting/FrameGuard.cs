using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Retention.Transport.Telemetry;

namespace Retention.Transport.Hosting;

/// <summary>
/// Closes HTTP/2 connections that send frames without work: Kestrel has no limit for pings, settings, empty data and
/// the like. It only looks at the nine bytes that head each frame.
/// </summary>
internal sealed class FrameGuard(ConnectionDelegate next, TransportOptions options, ILogger logger)
{
    public async Task Serve(ConnectionContext connection)
    {
        var transport = connection.Transport;
        var count = new FrameCount(options);
        connection.Transport = new GuardedPipe(transport, count, () =>
        {
            TransportLog.ConnectionClosed(logger, "too many HTTP/2 frames without work");
            connection.Abort(new ConnectionAbortedException("Too many frames without work."));
        });
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    private sealed class GuardedPipe(IDuplexPipe inner, FrameCount count, Action onFlood) : IDuplexPipe
    {
        public PipeReader Input { get; } = new GuardedReader(inner.Input, count, onFlood);

        public PipeWriter Output { get; } = new CountedWriter(inner.Output, count);
    }
}
