using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Retention.Server.Tests.Support;

/// <summary>
/// Takes in what a server exports over OTLP, by gRPC or by HTTP, and keeps the bytes of each signal. It reads no
/// protobuf: names and values stand in the bytes as they are.
/// </summary>
public sealed class OtlpCollector : IAsyncDisposable
{
    private static readonly (string Signal, string Http, string Grpc)[] Paths =
    [
        ("traces", "/v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
        ("metrics", "/v1/metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
        ("logs", "/v1/logs", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"),
    ];

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, StringBuilder> received = new();

    private OtlpCollector(WebApplication app) => this.app = app;

    /// <summary>Where to send to.</summary>
    public string Endpoint => app.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<OtlpCollector> StartAsync(bool isGrpc)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            listen.Protocols = isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        var collector = new OtlpCollector(builder.Build());
        collector.app.Run(collector.ReceiveAsync);
        await collector.app.StartAsync();
        return collector;
    }

    /// <summary>Everything received of one signal so far: "traces", "metrics" or "logs".</summary>
    public string Text(string signal)
    {
        var text = received.GetOrAdd(signal, _ => new StringBuilder());
        lock (text) return text.ToString();
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext call)
    {
        var path = call.Request.Path.Value;
        var signal = Paths.FirstOrDefault(known => known.Http == path || known.Grpc == path).Signal;
        if (signal is null)
        {
            call.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using var body = new MemoryStream();
        await call.Request.Body.CopyToAsync(body);
        var text = received.GetOrAdd(signal, _ => new StringBuilder());
        lock (text) text.Append(Encoding.UTF8.GetString(body.GetBuffer().AsSpan(0, (int)body.Length)));

        if (call.Request.Protocol != HttpProtocol.Http2)
        {
            call.Response.ContentType = "application/x-protobuf";
            return;
        }

        call.Response.ContentType = "application/grpc";
        await call.Response.Body.WriteAsync(new byte[5]); // one empty message
        call.Response.AppendTrailer("grpc-status", "0");
    }
}
