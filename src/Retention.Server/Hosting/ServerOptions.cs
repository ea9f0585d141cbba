using System.Net;
using System.Security.Cryptography.X509Certificates;
using Retention.Engine.Ports;
using Retention.Server.Auth;
using Retention.Storage.Postgres;
using Retention.Server.Services;
using Retention.Transport;

namespace Retention.Server.Hosting;

/// <summary>Everything a server is started with.</summary>
public sealed record ServerOptions
{
    /// <summary>Created where it does not exist.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The database that the data is kept in; null: SQLite in the data directory.</summary>
    public PostgresOptions? Postgres { get; init; }

    /// <summary>gRPC over HTTP/2; port 0 takes a free one.</summary>
    public IPEndPoint Grpc { get; init; } = new(IPAddress.Loopback, 5001);

    /// <summary>gRPC-Web, Connect, health and metrics over HTTP/1.1; port 0 takes a free one.</summary>
    public IPEndPoint Http { get; init; } = new(IPAddress.Loopback, 5000);

    /// <summary>Required off loopback.</summary>
    public X509Certificate2? Certificate { get; init; }

    public AuthOptions Auth { get; init; } = new();

    public ShareOptions Shares { get; init; } = new();

    public CouponOptions Coupons { get; init; } = new();

    public TransportOptions Transport { get; init; } = new();

    public EngineLimits Engine { get; init; } = EngineWithin(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>The wall clock and the monotonic one.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Time in which a server that was told to stop says NOT_SERVING and still answers, for load balancers to see.</summary>
    public TimeSpan LameDuck { get; init; } = TimeSpan.Zero;

    /// <summary>Time that calls under way have to finish when the server stops.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A state takes about twice its estimate, so states get at most a quarter of the memory there is.</summary>
    internal static EngineLimits EngineWithin(long memoryBytes)
    {
        var limits = new EngineLimits();
        return limits with { MaxActiveBytes = Math.Min(limits.MaxActiveBytes, memoryBytes / 8) };
    }
}
