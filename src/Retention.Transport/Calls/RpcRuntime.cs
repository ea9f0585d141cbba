using Microsoft.Extensions.Logging;
using Retention.Transport.Hosting;
using Retention.Transport.Web;

namespace Retention.Transport.Calls;

/// <summary>What all methods of one server share.</summary>
internal sealed class RpcRuntime(
    RpcAuthenticator authenticator, TransportOptions options, ILogger logger, ConnectJson json)
{
    public ConnectJson Json { get; } = json;

    public RpcAuthenticator Authenticator { get; } = authenticator;

    public TransportOptions Options { get; } = options;

    public ByteBudget Budget { get; } = new(options.MaxRequestBytesInFlight);

    public TimeProvider Time { get; } = options.Time;

    public ILogger Logger { get; } = logger;
}
