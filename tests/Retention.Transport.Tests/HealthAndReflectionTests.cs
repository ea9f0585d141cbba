using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using Retention.Transport.Tests.Support;
using Alpha = Grpc.Reflection.V1Alpha;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Retention.Transport.Tests;

public class HealthAndReflectionTests
{
    private const string Health = "/grpc.health.v1.Health/";

    [Fact]
    public async Task A_probe_is_told_whether_a_service_takes_calls()
    {
        var health = new HealthService();
        await using var host = await TestHost.Start([health]);
        health.Set("till", isServing: false);

        Assert.Equal(ServingStatus.Serving, (await Check(host, "")).Only<HealthCheckResponse>().Status);
        Assert.Equal(ServingStatus.NotServing, (await Check(host, "till")).Only<HealthCheckResponse>().Status);
        Assert.Equal(RpcStatus.NotFound, (await Check(host, "unknown")).Status);
    }

    [Fact]
    public async Task A_watcher_is_told_of_each_change()
    {
        var health = new HealthService();
        await using var host = await TestHost.Start([health]);
        using var till = OpenStream.Start(host, "../grpc.health.v1.Health/Watch");
        await till.Write(new HealthCheckRequest { Service = "till" });
        till.Finish();

        Assert.Equal(ServingStatus.ServiceUnknown, (await till.Read<HealthCheckResponse>()).Status);
        health.Set("till", isServing: true);
        Assert.Equal(ServingStatus.Serving, (await till.Read<HealthCheckResponse>()).Status);
        health.Set("other", isServing: true);
        health.Drain();
        Assert.Equal(ServingStatus.NotServing, (await till.Read<HealthCheckResponse>()).Status);
    }

    [Fact]
    public async Task Reflection_lists_the_services_and_hands_out_their_files()
    {
        await using var host = await StartReflected();

        var services = await Ask(host, new ServerReflectionRequest { ListServices = "*" });
        const string symbol = "grpc.testing.TestService.UnaryCall";
        var bySymbol = await Ask(host, new ServerReflectionRequest { FileContainingSymbol = symbol });
        var byName = await Ask(host, new ServerReflectionRequest { FileByFilename = "grpc/testing/empty.proto" });

        Assert.Equal(
            [
                "grpc.health.v1.Health",
                "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection",
                "grpc.testing.TestService",
            ],
            services.ListServicesResponse.Service.Select(service => service.Name));
        Assert.Equal(
            ["grpc/testing/test.proto", "grpc/testing/empty.proto", "grpc/testing/messages.proto"],
            bySymbol.FileDescriptorResponse.FileDescriptorProto
                .Select(file => FileDescriptorProto.Parser.ParseFrom(file).Name));
        Assert.Single(byName.FileDescriptorResponse.FileDescriptorProto);
    }

    [Fact]
    public async Task A_question_without_an_answer_does_not_end_the_stream()
    {
        await using var host = await StartReflected();
        using var stream = OpenStream.Start(host, "../grpc.reflection.v1.ServerReflection/ServerReflectionInfo");

        await stream.Write(new ServerReflectionRequest { FileContainingSymbol = "no.such.Thing" });
        var first = await stream.Read<ServerReflectionResponse>();
        await stream.Write(new ServerReflectionRequest { ListServices = "" });
        var second = await stream.Read<ServerReflectionResponse>();

        Assert.Equal((int)RpcStatus.NotFound, first.ErrorResponse.ErrorCode);
        Assert.Equal("no.such.Thing", first.OriginalRequest.FileContainingSymbol);
        Assert.NotEmpty(second.ListServicesResponse.Service);
    }

    [Fact]
    public async Task Both_versions_of_reflection_answer_with_the_same_bytes()
    {
        await using var host = await StartReflected();
        var question = new ServerReflectionRequest { FileContainingSymbol = "grpc.health.v1.Health" };

        var stable = await Ask(host, question);
        const string path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
        var request = Client.Request(path, Client.Frame(question), "application/grpc");
        var alpha = await Client.Send(host.Grpc, request);

        Assert.Equal(stable.ToByteString(), alpha.Only<Alpha.ServerReflectionResponse>().ToByteString());
    }

    private static Task<TestHost> StartReflected()
    {
        IRpcService[] services = [new ScriptedService(), new HealthService()];
        return TestHost.Start([.. services, .. ReflectionServices.For(services)]);
    }

    private static async Task<ServerReflectionResponse> Ask(TestHost host, ServerReflectionRequest question)
    {
        var request = Client.Request(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Client.Frame(question), "application/grpc");
        return (await Client.Send(host.Grpc, request)).Only<ServerReflectionResponse>();
    }

    private static Task<Reply> Check(TestHost host, string service) => Client.Send(host.Grpc, Client.Request(
        Health + "Check", Client.Frame(new HealthCheckRequest { Service = service }), "application/grpc"));
}
