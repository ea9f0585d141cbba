using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Retention.Interop;
using Retention.Server.Hosting;
using Retention.Transport;

namespace Retention.Benchmarks;

/// <summary>
/// Endpoints to compare: the least that Kestrel can do for a call, the same call over the transport, and the product
/// with authentication, metrics and all. Each says where it stands, what is called there, and with which key.
/// </summary>
internal static class EndpointCommands
{
    private const string EmptyCall = "/grpc.testing.TestService/EmptyCall";

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

    public static Command Server()
    {
        var directory = new Option<string>("--directory") { Description = "Data that is there; new where not said." };
        var command = new Command("server", "Answers the echo of the product.") { directory };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var data = new Scratch(parsed.GetValue(directory) ?? "");
            await using var server = await RetentionServer.StartAsync(
                new ServerOptions
                {
                    DataDirectory = data.Path,
                    Grpc = new IPEndPoint(IPAddress.Loopback, 0),
                    Http = new IPEndPoint(IPAddress.Loopback, 0),
                },
                cancellation);
            var key = await File.ReadAllTextAsync(Path.Combine(data.Path, "bootstrap.key"), cancellation);
            Ready($"http://{server.Grpc}", "/retention.v1.DiagnosticsService/Echo", key.Trim());
            await server.WaitForShutdownAsync();
        });
        return command;
    }

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
            Ready(addresses.Single(), EmptyCall, "");
            await app.WaitForShutdownAsync(cancellation);
            return 0;
        });
        return command;
    }

    private static void Ready(string address, string path, string key) =>
        Console.WriteLine($"ready {address} {path} {key}");

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
