using System.Net;
using System.Net.Sockets;
using Retention.Server.Load;

namespace Retention.Server.Tests.Load;

public sealed class ServerProcessTests
{
    [Fact]
    public void The_process_that_listens_is_found_on_this_machine()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

        var use = ServerProcess.Meter(endpoint, http: null, pid: null)();

        Assert.InRange(use.ProcessorTime!.Value, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        Assert.InRange(use.BytesWritten!.Value, 0, long.MaxValue);
        listener.Stop();
        Assert.Equal(default, ServerProcess.Meter(endpoint, http: null, pid: null)());
    }

    [Fact]
    public void What_a_server_used_meanwhile_is_known_as_far_as_both_ends_are()
    {
        var before = new ServerUse(TimeSpan.FromSeconds(1), null);
        var after = new ServerUse(TimeSpan.FromSeconds(3), 4096);

        Assert.Equal(new ServerUse(TimeSpan.FromSeconds(2), null), after - before);
    }

    [Fact]
    public void Processor_time_is_the_sum_of_all_modes_in_the_metrics()
    {
        const string metrics =
            """
            # TYPE dotnet_process_cpu_time_seconds_total counter
            dotnet_process_cpu_time_seconds_total{cpu_mode="user"} 1.25
            dotnet_process_cpu_time_seconds_total{cpu_mode="system"} 0.5
            dotnet_process_memory_working_set_bytes 9
            """;

        Assert.Equal(TimeSpan.FromSeconds(1.75), ServerProcess.ProcessorTime(new StringReader(metrics)));
        Assert.Null(ServerProcess.ProcessorTime(new StringReader("up 1")));
    }
}
