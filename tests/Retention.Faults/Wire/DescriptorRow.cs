using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Transport.Tests.Support;

namespace Retention.Faults.Wire;

/// <summary>L2: the process may open 512 files and an attacker opens more connections. It refuses them and never aborts.</summary>
internal static class DescriptorRow
{
    private const int Files = 512;
    private const int Connections = 700;

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = await OwnServer.StartAsync(folder.New(), files: Files);
        var wrong = new List<string>();
        var (rounds, opened) = (sheet.Of(2, 20), 0);
        for (var round = 0; round < rounds; round++)
        {
            var open = new List<RawHttp2>();
            for (var number = 0; number < Connections; number++) open.Add(await RawHttp2.Connect(server.Endpoint));
            opened += open.Count;
            await Task.Delay(TimeSpan.FromSeconds(1));
            foreach (var connection in open) await connection.DisposeAsync();
            if (server.HasExited) wrong.Add($"the server ended with {server.ExitCode}");
            else if (!await IsServedAsync(server)) wrong.Add("a new client is not served after 5 s");
        }

        sheet.Add(new Outcome("L2 out of files", rounds, opened, 0, 0, wrong.Count), wrong);
    }

    private static async Task<bool> IsServedAsync(OwnServer server)
    {
        using var client = new RpcClient(server.Endpoint, server.Key, new RpcPatience(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)));
        try
        {
            await Shop.OperationAsync(client, "nothing");
            return true;
        }
        catch (RpcCallException)
        {
            return false;
        }
    }
}
