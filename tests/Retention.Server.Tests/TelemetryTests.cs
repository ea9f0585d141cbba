using Retention.Server.Tests.Support;

namespace Retention.Server.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task Metrics_tell_calls_and_turns_in_the_words_of_Prometheus()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateTenantAsync();
        using var http = new HttpClient();

        var lines = (await http.GetStringAsync($"http://{server.Http}/metrics")).Split('\n');

        Assert.Contains("# TYPE rpc_server_call_duration_seconds histogram", lines);
        Assert.Contains(lines, line => line.StartsWith("rpc_server_call_duration_seconds_count{")
            && line.Contains("rpc_method=\"retention.v1.TenantService/CreateTenant\""));
        Assert.Contains(lines, line => line.StartsWith("retention_engine_turns_total "));
        Assert.Equal(
            lines.Where(line => line.StartsWith("# TYPE")).Distinct(), lines.Where(line => line.StartsWith("# TYPE")));
        Assert.All(lines.Where(line => line.Length > 0 && line[0] != '#'), line => Assert.Matches(@"^[a-z_]\w*(\{.*\})? \S+$", line));
    }

    [Fact]
    public async Task A_serving_server_is_live_and_ready()
    {
        await using var server = await TestServer.StartAsync();
        using var http = new HttpClient();

        Assert.Equal("ok\n", await http.GetStringAsync($"http://{server.Http}/healthz/live"));
        Assert.Equal("ok\n", await http.GetStringAsync($"http://{server.Http}/healthz/ready"));
    }
}
