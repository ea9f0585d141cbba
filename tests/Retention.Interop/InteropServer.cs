using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Retention.Transport;

namespace Retention.Interop;

/// <summary>A server with the test service, health and reflection, on loopback.</summary>
public static class InteropServer
{
    /// <summary>Limits as in production, but for the messages: large_unary sends 271,828 bytes.</summary>
    public static TransportOptions Options { get; } = new() { MaxMessageBytes = 4 * 1024 * 1024 };

    public static async Task<WebApplication> Start(IPEndPoint grpc, IPEndPoint http)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseTransport(new TransportListeners { Grpc = grpc, Http = http }, Options);
        var app = builder.Build();
        app.Use(BareEndpoint.Serve);
        IRpcService[] services = [new TestService(), new HealthService()];
        app.MapRpc([.. services, .. ReflectionServices.For(services)], (_, _) => default, Options);
        await app.StartAsync();
        return app;
    }

    /// <summary>The addresses in the order they were asked for; a port 0 has become a real one.</summary>
    public static IReadOnlyList<string> Addresses(WebApplication app) =>
        [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => new Uri(address).Authority)];
}
