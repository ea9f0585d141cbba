using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Retention.Transport.Calls;
using Retention.Transport.Hosting;
using Retention.Transport.Telemetry;
using Retention.Transport.Web;

namespace Retention.Transport;

/// <summary>Puts services onto an application.</summary>
public static class TransportApplication
{
    /// <summary>
    /// Serves the methods of <paramref name="services"/>; other requests go on to what is mapped after it. Throws
    /// where an rpc is not bound, or not as its descriptor says.
    /// </summary>
    public static IApplicationBuilder MapRpc(
        this IApplicationBuilder app,
        IEnumerable<IRpcService> services,
        RpcAuthenticator authenticator,
        TransportOptions options)
    {
        var logger = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(TransportLog.Category);
        var bound = services.ToList();
        var json = new ConnectJson(bound.Select(service => service.Descriptor.File));
        var runtime = new RpcRuntime(authenticator, options, logger, json);
        var methods = RpcMethods.Collect(bound, runtime);
        return app.Use(next => new RpcDispatcher(methods, runtime, next).Invoke);
    }
}
