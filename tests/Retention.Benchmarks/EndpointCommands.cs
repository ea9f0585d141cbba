using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Retention.Interop;
using Retention.Transport;

namespace Retention.Benchmarks;

/// <summary>Two endpoints to compare: the least that Kestrel can do for a call, and the same call over the transport.</summary>
internal static class EndpointCommands
{
    /// <summary>The call that both answer, with an empty message.</summary>
    public const string Path = "/grpc.testing.TestService/EmptyCall";

    private static readonly byte[] EmptyMessage = new byte[5];

    public static Command Bare() => Serving(
        "bare", "Answers every call with an empty message, without a transport.", kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2);
        },
        app => app.Run(AnswerBare));

    public static Command Echo() => Serving(
        "echo", "Answers the empty call over Retention.Transport.",
        kestrel => kestrel.UseTransport(
            new TransportListeners { Grpc = new IPEndPoint(IPAddress.Loopback, 0) }, InteropServer.Options),
        app => app.MapRpc([new TestService()], (_, _) => default, InteropServer.Options));

    private static Command Serving(
        string name, string description, Action<KestrelServerOptions> listen, Action<WebApplication> map)
    {
        var command = new Command(name, description);
        command.SetAction(async (_, cancellation) =>
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            builder.WebHost.ConfigureKestrel(listen);
            await using var app = builder.Build();
            map(app);
            await app.StartAsync(cancellation);
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            Console.WriteLine($"ready {addresses.Single()}");
            await app.WaitForShutdownAsync(cancellation);
            return 0;
        });
        return command;
    }

    private static async Task AnswerBare(HttpContext http)
    {
        var body = http.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync();
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        http.Response.ContentType = "application/grpc";
        var writer = http.Response.BodyWriter;
        EmptyMessage.CopyTo(writer.GetSpan(EmptyMessage.Length));
        writer.Advance(EmptyMessage.Length);
        http.Response.AppendTrailer("grpc-status", "0");
    }
}
