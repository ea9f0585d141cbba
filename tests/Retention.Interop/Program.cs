using System.Net;
using Retention.Interop;

var loopback = new IPEndPoint(IPAddress.Loopback, 0);
var endpoints = new Dictionary<string, IPEndPoint> { ["--grpc"] = loopback, ["--http"] = loopback };
for (var i = 0; i < args.Length; i += 2)
{
    if (!endpoints.ContainsKey(args[i]) || i + 1 == args.Length || !IPEndPoint.TryParse(args[i + 1], out var endpoint))
    {
        await Console.Error.WriteLineAsync("usage: Retention.Interop [--grpc ADDRESS:PORT] [--http ADDRESS:PORT]");
        return 2;
    }

    endpoints[args[i]] = endpoint;
}

var app = await InteropServer.Start(endpoints["--grpc"], endpoints["--http"]);
var addresses = InteropServer.Addresses(app);
Console.WriteLine($"ready grpc={addresses[0]} http={addresses[1]}");
await app.WaitForShutdownAsync();
return 0;
