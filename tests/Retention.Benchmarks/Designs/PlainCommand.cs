using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Npgsql;
using Retention.Transport;

namespace Retention.Benchmarks.Designs;

/// <summary>Serves the plain service, in a process of its own, and says where.</summary>
internal static class PlainCommand
{
    public static Command Command()
    {
        var connection = new Option<string>("--connection") { Required = true };
        var design = new Option<PlainDesign>("--design") { Required = true };
        var command = new Command("plain", "The same calls on SQL tables.") { connection, design };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = NpgsqlDataSource.Create(parsed.GetValue(connection)!);
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            var options = new TransportOptions();
            builder.WebHost.UseTransport(
                new TransportListeners { Grpc = new IPEndPoint(IPAddress.Loopback, 0) }, options);
            await using var app = builder.Build();
            app.MapRpc([new PlainService(database, parsed.GetValue(design))], (_, _) => default, options);
            await app.StartAsync(cancellation);
            Console.WriteLine($"ready {app.Services.GetRequiredService<IServer>().Features
                .Get<IServerAddressesFeature>()!.Addresses.Single()}");
            await app.WaitForShutdownAsync(cancellation);
            return 0;
        });
        return command;
    }
}
