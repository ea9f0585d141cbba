using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Npgsql;
using Retention.Engine.Ports;
using Retention.Server.Auth;
using Retention.Server.Hosting;
using Retention.Server.Services;
using Retention.Storage.Postgres;
using Retention.Storage.Sqlite;
using Retention.Transport;
using Command = System.CommandLine.Command;

namespace Retention.Server.Commands;

/// <summary><c>retention serve</c>: runs the server until it is told to stop.</summary>
internal static class ServeCommand
{
    private const string HighAvailability = "ha";
    private static readonly TimeSpan LameDuckMax = TimeSpan.FromSeconds(60);

    private static readonly Option<string> DataDirectory = new("--data")
    {
        Description = "Directory of the database and of the platform's key; created where it does not exist.",
        Required = true,
    };

    private static readonly Option<string> Grpc = new("--grpc")
    {
        Description = "Address of gRPC (HTTP/2); port 0 takes a free one.",
        DefaultValueFactory = _ => "127.0.0.1:5001",
    };

    private static readonly Option<string> Http = new("--http")
    {
        Description = "Address of health, metrics, gRPC-Web and Connect (HTTP/1.1); port 0 takes a free one.",
        DefaultValueFactory = _ => "127.0.0.1:5000",
    };

    private static readonly Option<string> Certificate = new("--tls-cert")
    {
        Description = "PEM file of the certificate; required off loopback.",
    };

    private static readonly Option<string> Key = new("--tls-key") { Description = "PEM file of its private key." };

    private static readonly Option<int> AuthFailures = new("--auth-failures-per-minute")
    {
        Description = "Failed authentications allowed from one address; 0 means no limit.",
        DefaultValueFactory = _ => new AuthOptions().FailuresPerMinute,
    };

    private static readonly Option<int> CouponFailures = new("--coupon-failures-per-minute")
    {
        Description = "Unknown codes allowed from one customer, or from one credential that names none; 0 means no limit.",
        DefaultValueFactory = _ => new CouponOptions().FailuresPerMinute,
    };

    private static readonly Option<int> TenantCalls = new("--max-calls-per-tenant")
    {
        Description = "Calls of one tenant under way at once; more are refused as OVERLOADED; 0 means no limit.",
        DefaultValueFactory = _ => new ShareOptions().MaxCallsPerTenant,
    };

    private static readonly Option<int> TenantRate = new("--calls-per-second-per-tenant")
    {
        Description = "Calls, and messages of streams, of one tenant in a second; more are refused as OVERLOADED, streams wait; 0 means no limit.",
        DefaultValueFactory = _ => new ShareOptions().CallsPerSecondPerTenant,
    };

    private static readonly Option<int> RequestMegabytes = new("--request-mib-in-flight")
    {
        Description = "MiB of request messages that all calls together hold; more are refused as OVERLOADED.",
        DefaultValueFactory = _ => (int)(new TransportOptions().MaxRequestBytesInFlight >> 20),
    };

    private static readonly Option<bool> LimitLoopback = new("--limit-loopback")
    {
        Description = "Bounds new connections a second from loopback too, as from any other address; not behind a proxy on this machine.",
    };

    private static readonly Option<int> LameDuck = new("--lame-duck-seconds")
    {
        Description = "Time after SIGTERM in which health says NOT_SERVING and calls are still taken, for load balancers.",
        DefaultValueFactory = _ => 0,
    };

    private static readonly StoreArguments Store = new();

    private static readonly Option<string> Profile = new("--profile")
    {
        Description = "ha: refuse to start without a PostgreSQL database that has a synchronous standby.",
    };

    public static Command Create()
    {
        Profile.AcceptOnlyFromAmong(HighAvailability);
        var command = new Command("serve", "Runs the server until it is told to stop.")
        {
            DataDirectory, Grpc, Http, Certificate, Key, AuthFailures, CouponFailures, TenantCalls, TenantRate,
            RequestMegabytes, LimitLoopback, LameDuck, Profile,
        };
        Store.AddTo(command);
        command.SetAction((parsed, _) => RunAsync(parsed));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        var options = Options(parsed);
        await using var server = await StartAsync(options);
        Console.Out.WriteLine(parsed.GetValue(CommandLine.Json)
            ? $$"""{"ready":true,"grpc":"{{server.Grpc}}","http":"{{server.Http}}"}"""
            : $"ready grpc={server.Grpc} http={server.Http}");
        await server.WaitForShutdownAsync();
        return server.IsBroken ? throw new CommandFailure("the store must not be written any more; see the log") : 0;
    }

    private static ServerOptions Options(ParseResult parsed)
    {
        var options = new ServerOptions
        {
            DataDirectory = parsed.GetRequiredValue(DataDirectory),
            Postgres = Database(parsed),
            Grpc = Address(parsed, Grpc),
            Http = Address(parsed, Http),
            Certificate = LoadCertificate(parsed.GetValue(Certificate), parsed.GetValue(Key)),
            Auth = new AuthOptions { FailuresPerMinute = NotNegative(parsed, AuthFailures) },
            LameDuck = TimeSpan.FromSeconds(parsed.GetValue(LameDuck)),
            Shares = new ShareOptions
            {
                MaxCallsPerTenant = NotNegative(parsed, TenantCalls), CallsPerSecondPerTenant = NotNegative(parsed, TenantRate),
            },
            Transport = new TransportOptions
            {
                MaxRequestBytesInFlight = (long)parsed.GetValue(RequestMegabytes) << 20,
                LimitLoopbackConnections = parsed.GetValue(LimitLoopback),
            },
            Coupons = new CouponOptions { FailuresPerMinute = NotNegative(parsed, CouponFailures) },
        };
        if (options.Transport.MaxRequestBytesInFlight < options.Transport.MaxBatchMessageBytes)
        {
            throw new UsageFailure($"{RequestMegabytes.Name} must be at least 1");
        }

        if (options.LameDuck < TimeSpan.Zero || options.LameDuck > LameDuckMax)
        {
            throw new UsageFailure($"{LameDuck.Name} must be from 0 to {LameDuckMax.TotalSeconds}");
        }

        if (options.Grpc.Port != 0 && options.Grpc.Equals(options.Http))
        {
            throw new UsageFailure($"{Grpc.Name} and {Http.Name} need different ports");
        }

        var isLocal = IPAddress.IsLoopback(options.Grpc.Address) && IPAddress.IsLoopback(options.Http.Address);
        return isLocal || options.Certificate is not null
            ? options
            : throw new UsageFailure($"off loopback a certificate is required: give {Certificate.Name} and {Key.Name}");
    }

    private static int NotNegative(ParseResult parsed, Option<int> option) => parsed.GetValue(option) is >= 0 and var value
        ? value
        : throw new UsageFailure($"{option.Name} cannot be negative");

    private static PostgresOptions? Database(ParseResult parsed)
    {
        var database = Store.Read(parsed);
        if (parsed.GetValue(Profile) != HighAvailability) return database;
        return database is null
            ? throw new UsageFailure($"{Profile.Name} {HighAvailability} needs PostgreSQL with a synchronous standby")
            : database with { NeedsStandby = true };
    }

    private static IPEndPoint Address(ParseResult parsed, Option<string> option)
    {
        var text = parsed.GetRequiredValue(option);
        return IPEndPoint.TryParse(text, out var address) && text.Contains(':')
            ? address
            : throw new UsageFailure($"{option.Name} {text} is not an address and port, e.g. 127.0.0.1:5001");
    }

    private static X509Certificate2? LoadCertificate(string? certificate, string? key)
    {
        if (certificate is null && key is null) return null;
        if (certificate is null || key is null)
        {
            throw new UsageFailure($"{Certificate.Name} and {Key.Name} belong together");
        }

        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(certificate, key);

            // A key that comes straight from PEM is ephemeral, which not every TLS stack can use.
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UsageFailure($"the certificate {certificate} with the key {key} cannot be used");
        }
    }

    private static async Task<RetentionServer> StartAsync(ServerOptions options)
    {
        try
        {
            return await RetentionServer.StartAsync(options, CancellationToken.None);
        }
        catch (Exception fault) when (fault is StoreInUseException or StoreTooNewException || IsDatabaseRefusal(fault))
        {
            throw new UsageFailure(fault.Message);
        }
        catch (Exception fault) when (fault is NpgsqlException or CommitInDoubtException)
        {
            throw new CommandFailure($"the database cannot be used: {fault.Message}");
        }
        catch (StoreDamagedException fault)
        {
            throw new CommandFailure(fault.Message);
        }
        catch (Exception fault) when (IsAddressFault(fault))
        {
            throw new UsageFailure($"cannot listen on {options.Grpc} and {options.Http}: {Root(fault).Message}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageFailure($"the data directory {options.DataDirectory} cannot be used: {fault.Message}");
        }
    }

    internal static bool IsDatabaseRefusal(Exception fault) =>
        fault is SchemaTooNewException or DatabaseUnfitException or DatabaseInUseException;

    private static bool IsAddressFault(Exception fault) =>
        Root(fault) is SocketException || fault is Microsoft.AspNetCore.Connections.AddressInUseException
        || fault.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException;

    private static Exception Root(Exception fault) => fault.GetBaseException();
}
