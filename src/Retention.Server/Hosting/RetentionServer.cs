using System.Net;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Retention.Domain;
using Retention.Engine.Hosting;
using Retention.Server.Auth;
using Retention.Server.Persons;
using Retention.Server.Rpc;
using Retention.Server.Services;
using Retention.Server.Telemetry;
using Retention.Transport;

namespace Retention.Server.Hosting;

/// <summary>One running server: the store, the grains on it, and the listeners before them.</summary>
public sealed class RetentionServer : IAsyncDisposable
{
    private readonly ServerStore store;
    private readonly GrainHost grains;
    private readonly WebApplication app;
    private readonly ServerHealth health;

    private RetentionServer(ServerStore store, GrainHost grains, WebApplication app, ServerHealth health)
    {
        this.store = store;
        this.grains = grains;
        this.app = app;
        this.health = health;
    }

    /// <summary>Where gRPC is served, with the real port.</summary>
    public IPEndPoint Grpc { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Where HTTP/1.1 is served, with the real port.</summary>
    public IPEndPoint Http { get; private set; } = new(IPAddress.None, 0);

    /// <summary>True when the store must not be written any more: the process should end as failed.</summary>
    public bool IsBroken => health.IsBroken;

    public IServiceProvider Services => app.Services;

    public static async Task<RetentionServer> StartAsync(ServerOptions options, CancellationToken stop)
    {
        CreateDirectory(options.DataDirectory);
        var rules = MethodRules.Of(
            [.. RpcServices.Descriptors, .. RpcServices.StandardDescriptors]);
        var transport = options.Transport with
        {
            IsBatch = rules.IsBatch,
            Overloaded = TenantShares.Refused,
            Unreadable = RequestField.Invalid,
        };
        var app = Build(options, transport);
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Retention.Server");
        var health = new ServerHealth(options.DataDirectory, app.Lifetime);
        var store = await ServerStore.OpenAsync(options, log);
        var clock = new GuardedClock(options.Time, (isApart, ahead) => TellClock(log, isApart, ahead));
        var limits = options.Engine with { SharedStore = store.IsShared };
        var grains = new GrainHost(
            store.Grains, Registry.Default.Kinds, Registry.Default, limits, clock, Events(log, health));
        var server = new RetentionServer(store, grains, app, health);
        try
        {
            await Bootstrap.RunAsync(grains, options.DataDirectory, stop);
            store.Started();
            server.Map(options, transport, rules);
            await app.StartAsync(stop);
            server.ReadAddresses(options);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Completes when the server has been told to stop and every call under way has ended.</summary>
    public Task WaitForShutdownAsync() => app.WaitForShutdownAsync();

    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await grains.DisposeAsync();
        await store.DisposeAsync();
    }

    // The data holds keys and customers; nobody else on the machine reads it.
    private static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows() || Directory.Exists(path)) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static WebApplication Build(ServerOptions options, TransportOptions transport)
    {
        // Watching the working directory for settings would wake a thread at every write to data that lies in it.
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = ["--hostBuilder:reloadConfigOnChange=false"] });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.LameDuck + options.DrainTimeout);
        builder.Services.AddHostedService(_ => new LameDuck(options.LameDuck));
        builder.AddTelemetry();
        builder.WebHost.UseTransport(
            new TransportListeners { Grpc = options.Grpc, Http = options.Http, Certificate = options.Certificate },
            transport);
        return builder.Build();
    }

    private static HostEvents Events(ILogger log, ServerHealth health) => new()
    {
        TurnFailed = cause => ServerLog.TurnFailed(log, ServerLog.Describe(cause)),
        StoreFailed = cause => ServerLog.StoreFailed(log, ServerLog.Describe(cause)),
        StoreBroken = cause =>
        {
            ServerLog.StoreBroken(log, ServerLog.Describe(cause));
            health.Break();
        },
    };

    private static void TellClock(ILogger log, bool isApart, Duration ahead)
    {
        if (isApart) ServerLog.ClockInDoubt(log, ahead.TotalSeconds);
        else ServerLog.ClockAgrees(log, ahead.TotalSeconds);
    }

    private void Map(ServerOptions options, TransportOptions transport, MethodRules rules)
    {
        var authentication = new Authentication(grains, rules, options.Auth, options.Shares, options.Time);
        var draining = app.Lifetime.ApplicationStopping;
        var services = RpcServices.Create(new ServiceParts(
            grains, rules, authentication, new PersonKeys(store.Persons), new CodeGuard(options.Coupons, options.Time), draining));
        var rpcHealth = new HealthService();
        foreach (var service in services)
        {
            rpcHealth.Set(service.Descriptor.FullName, isServing: true);
        }

        draining.Register(rpcHealth.Drain);
        app.MapRpc(
            [.. services, rpcHealth, .. ReflectionServices.For([.. services, rpcHealth])],
            authentication.AuthenticateAsync,
            transport);
        app.MapHealth(health, grains);
        app.MapMetrics();
    }

    private void ReadAddresses(ServerOptions options)
    {
        // Kestrel tells its addresses in the order in which the listeners were added.
        var ports = app.Urls.Select(address => BindingAddress.Parse(address).Port).ToArray();
        Grpc = new IPEndPoint(options.Grpc.Address, ports[0]);
        Http = new IPEndPoint(options.Http.Address, ports[1]);
    }
}
