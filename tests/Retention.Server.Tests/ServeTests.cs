using System.Net;
using System.Security.Cryptography.X509Certificates;
using Retention.Server.Auth;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests;

public sealed class ServeTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("retention-test-").FullName;

    private string DataDirectory => Path.Combine(directory, "data");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task A_server_says_when_it_serves_and_ends_well_when_told_to()
    {
        using var server = ServeProcess.Serve(DataDirectory);
        using var client = new RpcClient(await server.ReadyAsync());
        var key = (await File.ReadAllTextAsync(Path.Combine(DataDirectory, Bootstrap.FileName))).Trim();
        var echo = await client.Call<EchoRequest, EchoResponse>("DiagnosticsService/Echo", new(), key);

        server.Terminate();
        var (code, output, _) = await server.ExitAsync();

        Assert.Equal(RpcStatus.Ok, echo.Code);
        Assert.Equal(0, code);
        Assert.Empty(output);
    }

    [Fact]
    public async Task Followers_are_told_to_resume_elsewhere_when_a_server_ends()
    {
        using var server = ServeProcess.Serve(DataDirectory);
        using var client = new RpcClient(await server.ReadyAsync());
        var platform = (await File.ReadAllTextAsync(Path.Combine(DataDirectory, Bootstrap.FileName))).Trim();
        var tenant = await client.Call<CreateTenantRequest, CreateTenantResponse>("TenantService/CreateTenant", new()
        {
            RequestId = "r", TenantId = "t", DisplayName = "Shops", CurrencyCode = "USD", TimeZone = "UTC",
        }, platform);
        using var stream = await client.Open<WatchJournalRequest, WatchJournalResponse>(
            "FeedService/WatchJournal", new(), tenant.Reply.AdminApiKey);
        var first = await stream.NextAsync();

        server.Terminate();
        var last = await stream.NextAsync();
        var (code, _, _) = await server.ExitAsync();

        Assert.NotEmpty(first!.ResumeToken);
        Assert.Null(last);
        Assert.Equal($"{(int)RpcStatus.Unavailable}", stream.Status);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_is_refused()
    {
        using var first = ServeProcess.Serve(DataDirectory);
        await first.ReadyAsync();

        using var second = ServeProcess.Serve(DataDirectory);
        var (code, output, errors) = await second.ExitAsync();

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains("in use by another process", errors);
    }

    [Fact]
    public async Task A_machine_may_read_the_ready_line()
    {
        using var server = ServeProcess.Serve(DataDirectory, "--json");

        var line = System.Text.Json.JsonDocument.Parse(await server.LineAsync()).RootElement;

        Assert.True(line.GetProperty("ready").GetBoolean());
        Assert.True(IPEndPoint.TryParse(line.GetProperty("grpc").GetString()!, out _));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("nonsense")]
    [InlineData("serve", "--data", "DATA", "--unheard-of")]
    [InlineData("serve", "--data", "DATA", "--grpc", "nowhere")]
    [InlineData("serve", "--data", "DATA", "--grpc", "127.0.0.1:99999")]
    [InlineData("serve", "--data", "DATA", "--grpc", "127.0.0.1:7001", "--http", "127.0.0.1:7001")]
    [InlineData("serve", "--data", "DATA", "--grpc", "0.0.0.0:0")]
    [InlineData("serve", "--data", "DATA", "--tls-cert", "/no/such.pem", "--tls-key", "/no/such.key")]
    [InlineData("serve", "--data", "DATA", "--tls-cert", "/no/such.pem")]
    [InlineData("serve", "--data", "DATA", "--auth-failures-per-minute", "-1")]
    [InlineData("serve", "--data", "DATA", "--max-calls-per-tenant", "-1")]
    [InlineData("serve", "--data", "DATA", "--calls-per-second-per-tenant", "-1")]
    [InlineData("serve", "--data", "DATA", "--request-mib-in-flight", "0")]
    [InlineData("serve", "--data", "/dev/null/below-a-file", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")]
    [InlineData("serve", "--data", "DATA", "--grpc", "203.0.113.7:0", "--http", "127.0.0.1:0", "--tls-cert", "CERT", "--tls-key", "KEY")]
    public async Task Wrong_usage_is_told_in_one_line(params string[] arguments)
    {
        var (certificate, key) = Certificates.Write(directory);
        using var process = ServeProcess.Run([.. arguments.Select(argument => argument
            .Replace("DATA", DataDirectory).Replace("CERT", certificate).Replace("KEY", key))]);

        var (code, output, errors) = await process.ExitAsync();

        var told = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('{')).ToList();
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.StartsWith("retention: ", Assert.Single(told));
    }

    [Fact]
    public async Task A_server_with_a_certificate_speaks_TLS()
    {
        var (certificate, key) = Certificates.Write(directory);
        using var server = ServeProcess.Serve(DataDirectory, "--tls-cert", certificate, "--tls-key", key);
        var address = await server.ReadyAsync();
        using var own = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(certificate));
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, presented, _, _) =>
                    presented!.GetCertHashString() == own.GetCertHashString(),
            },
        };
        using var http = new HttpClient(handler);

        var live = await http.GetStringAsync($"https://{address}/healthz/live");

        Assert.Equal("ok\n", live);
    }
}
