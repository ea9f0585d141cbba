using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Health.V1;
using Grpc.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Retention.Transport.Hosting;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class StartTests
{
    public static TheoryData<string, Action<RpcMethods>> Faulty => new()
    {
        { "grpc.health.v1.Health.Watch has no method", methods => Check(methods) },
        {
            "grpc.health.v1.Health.Guess is bound but stands in no descriptor",
            methods => Watch(Check(methods)).Unary<HealthCheckRequest, HealthCheckResponse>("Guess", (_, _) => default)
        },
        {
            "grpc.health.v1.Health.Check is bound twice",
            methods => Check(Watch(Check(methods)))
        },
        {
            "grpc.health.v1.Health.Watch is server streaming but bound as unary",
            methods => Check(methods).Unary<HealthCheckRequest, HealthCheckResponse>("Watch", (_, _) => default)
        },
        {
            "grpc.health.v1.Health.Check takes grpc.health.v1.HealthCheckRequest but is bound to Grpc.Testing.Empty",
            methods => Watch(methods).Unary<Empty, HealthCheckResponse>("Check", (_, _) => default)
        },
        {
            "grpc.health.v1.Health.Check returns grpc.health.v1.HealthCheckResponse but is bound to Grpc.Testing.Empty",
            methods => Watch(methods).Unary<HealthCheckRequest, Empty>("Check", (_, _) => default)
        },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public async Task A_service_that_is_not_bound_as_described_stops_the_server(string fault, Action<RpcMethods> bind)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => TestHost.Start([new BadService(bind)]));

        Assert.Equal($"The server cannot start: {fault}.", error.Message);
    }

    [Fact]
    public async Task All_faults_are_told_at_once()
    {
        var empty = new BadService(_ => { });
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => TestHost.Start([empty]));

        Assert.Contains("Health.Check has no method", error.Message);
        Assert.Contains("Health.Watch has no method", error.Message);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("192.0.2.1")]
    public async Task Cleartext_is_refused_off_loopback(string address)
    {
        var outside = new IPEndPoint(IPAddress.Parse(address), 0);

        var grpc = await Assert.ThrowsAsync<InvalidOperationException>(() => Listen(new() { Grpc = outside }));
        var http = await Assert.ThrowsAsync<InvalidOperationException>(() => Listen(new() { Http = outside }));

        Assert.Contains("without a certificate", grpc.Message);
        Assert.Contains(outside.ToString(), http.Message);
    }

    [Fact]
    public async Task With_a_certificate_one_port_speaks_both_versions_of_http()
    {
        using var certificate = SelfSigned();
        var listeners = new TransportListeners { Grpc = new IPEndPoint(IPAddress.Any, 0), Certificate = certificate };
        await using var app = await Listen(listeners);
        using var sockets = new SocketsHttpHandler
        {
            SslOptions = Trusting(certificate),
        };
        using var client = new HttpClient(sockets, disposeHandler: false) { BaseAddress = AddressOf(app) };

        const string path = Client.Service + "EmptyCall";
        var http1 = await Client.Send(client, Client.Request(path, "{}"u8.ToArray(), "application/json"));
        using var client2 = new HttpClient(sockets, disposeHandler: false)
        {
            BaseAddress = client.BaseAddress,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var http2 = await Client.Send(client2, Client.Request(path, new byte[5], "application/grpc"));

        Assert.Equal(HttpStatusCode.OK, http1.HttpStatus);
        Assert.Equal(RpcStatus.Ok, http2.Status);
    }

    [Fact]
    public async Task An_old_version_of_tls_is_refused()
    {
        using var certificate = SelfSigned();
        var listeners = new TransportListeners { Grpc = new IPEndPoint(IPAddress.Any, 0), Certificate = certificate };
        await using var app = await Listen(listeners);
        var old = Trusting(certificate);
        old.EnabledSslProtocols = SslProtocols.Tls12;
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = old });

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(AddressOf(app)));
    }

    [Fact]
    public void Connections_are_limited_by_the_file_descriptors_of_the_process()
    {
        var soft = int.Parse(File.ReadLines("/proc/self/limits").Single(line => line.StartsWith("Max open files"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]);

        Assert.Equal((Math.Clamp(soft, 288, 2_000_000) - 256) / 2, FileDescriptors.ConnectionsMax());
    }

    private static async Task<WebApplication> Listen(TransportListeners listeners)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.UseTransport(listeners, new TransportOptions()));
        var app = builder.Build();
        app.MapRpc([new ScriptedService()], (_, _) => default, new TransportOptions());
        await app.StartAsync();
        return app;
    }

    private static Uri AddressOf(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return new Uri($"https://127.0.0.1:{new Uri(addresses.Single()).Port}");
    }

    private static SslClientAuthenticationOptions Trusting(X509Certificate2 certificate) => new()
    {
        RemoteCertificateValidationCallback =
            (_, peer, _, _) => peer!.GetCertHashString() == certificate.GetCertHashString(),
    };

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static RpcMethods Check(RpcMethods methods) =>
        methods.Unary<HealthCheckRequest, HealthCheckResponse>("Check", (_, _) => default);

    private static RpcMethods Watch(RpcMethods methods) =>
        methods.ServerStreaming<HealthCheckRequest, HealthCheckResponse>("Watch", (_, _, _) => Task.CompletedTask);

    private sealed class BadService(Action<RpcMethods> bind) : IRpcService
    {
        public Google.Protobuf.Reflection.ServiceDescriptor Descriptor => HealthReflection.Descriptor.Services[0];

        public void Bind(RpcMethods methods) => bind(methods);
    }
}
