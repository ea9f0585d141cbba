using Retention.Server.Auth;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests;

public sealed class OtlpTests : IDisposable
{
    private const string Person = "Canary Wintergreen";

    private readonly string directory = Directory.CreateTempSubdirectory("retention-test-").FullName;

    private string DataDirectory => Path.Combine(directory, "data");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task A_collector_receives_spans_metrics_and_logs_and_nobody_s_name(string protocol)
    {
        await using var collector = await OtlpCollector.StartAsync(isGrpc: protocol == "grpc");
        var variables = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
            ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=shop-floor",
        };
        using var server = ServeProcess.Serve(variables, DataDirectory);
        using var client = new RpcClient(await server.ReadyAsync());
        var platform = (await File.ReadAllTextAsync(Path.Combine(DataDirectory, Bootstrap.FileName))).Trim();
        var tenant = await client.Call<CreateTenantRequest, CreateTenantResponse>("TenantService/CreateTenant", new()
        {
            RequestId = "r1", TenantId = "t", DisplayName = "Shops", CurrencyCode = "USD", TimeZone = "UTC",
        }, platform);
        var customer = await client.Call<EnrollCustomerRequest, EnrollCustomerResponse>("CustomerService/EnrollCustomer", new()
        {
            RequestId = "r2", CustomerId = "anna", Profile = new() { GivenName = Person },
        }, tenant.Reply.AdminApiKey);

        // What was not exported yet leaves at the end.
        server.Terminate();
        var (code, _, errors) = await server.ExitAsync();

        Assert.Equal("anna", customer.Reply.Customer.CustomerId);
        Assert.Equal(0, code);
        Assert.Contains("retention.v1.CustomerService/EnrollCustomer", collector.Text("traces"));
        Assert.Contains("rpc.server.call.duration", collector.Text("metrics"));
        Assert.Contains("retention.engine.turns", collector.Text("metrics"));
        Assert.Contains("SQLite", collector.Text("logs"));
        foreach (var signal in new[] { "traces", "metrics", "logs" })
        {
            Assert.Contains("shop-floor", collector.Text(signal));
            Assert.DoesNotContain(Person, collector.Text(signal));
            Assert.DoesNotContain(tenant.Reply.AdminApiKey, collector.Text(signal));
        }

        Assert.DoesNotContain(Person, errors);
    }
}
