using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Retention.Transport.Tests.Support;

/// <summary>A server on free loopback ports, and clients for both of them.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CapturedLog _log;

    private TestHost(WebApplication app, CapturedLog log)
    {
        _app = app;
        _log = log;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => new Uri(address)).ToList();
        GrpcAddress = addresses[0];
        Grpc = new HttpClient(new SocketsHttpHandler())
        {
            BaseAddress = addresses[0],
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = addresses[1] };
    }

    public Uri GrpcAddress { get; }

    public HttpClient Grpc { get; }

    public HttpClient Http { get; }

    public string Log => string.Join('\n', _log.Lines);

    public static Task<TestHost> Start(
        ScriptedService service, TransportOptions? options = null, RpcAuthenticator? authenticator = null) =>
        Start([service], options, authenticator);

    public static async Task<TestHost> Start(
        IReadOnlyList<IRpcService> services, TransportOptions? options = null, RpcAuthenticator? authenticator = null)
    {
        options ??= new TransportOptions();
        var log = new CapturedLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        var loopback = new IPEndPoint(IPAddress.Loopback, 0);
        builder.WebHost.UseTransport(new TransportListeners { Grpc = loopback, Http = loopback }, options);
        var app = builder.Build();
        app.MapRpc(services, authenticator ?? ((_, _) => default), options);
        app.Run(http => http.Response.WriteAsync("another page"));
        await app.StartAsync();
        return new TestHost(app, log);
    }

    public async ValueTask DisposeAsync()
    {
        Grpc.Dispose();
        Http.Dispose();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }

    private sealed class CapturedLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
