using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Retention.Transport.Hosting;

/// <summary>
/// Stops accepting while too many connections are open. Kestrel refuses a connection only after it was accepted and
/// found a thread; until then each holds a file descriptor, and on a busy machine they ran out.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the server.")]
internal sealed class LimitedListeners(
    IOptions<SocketTransportOptions> sockets, ILoggerFactory loggers, TransportOptions options)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // So many connections above the limit are accepted to be refused; the others wait in the kernel's queue.
    private const int BeingRefusedMax = 32;

    private readonly SocketTransportFactory _factory = new(sockets, loggers);
    private readonly SemaphoreSlim _places =
        new((options.MaxConcurrentConnections ?? FileDescriptors.ConnectionsMax()) + BeingRefusedMax);

    public bool CanBind(EndPoint endpoint) => _factory.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await _factory.BindAsync(endpoint, cancellationToken), _places);

    private sealed class Listener(IConnectionListener inner, SemaphoreSlim places) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                await places.WaitAsync(_unbound.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            var connection = await inner.AcceptAsync(cancellationToken);
            if (connection is null) places.Release();
            else connection.ConnectionClosed.UnsafeRegister(static p => ((SemaphoreSlim)p!).Release(), places);
            return connection;
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await inner.UnbindAsync(cancellationToken);
        }

        public ValueTask DisposeAsync()
        {
            _unbound.Dispose();
            return inner.DisposeAsync();
        }
    }
}
