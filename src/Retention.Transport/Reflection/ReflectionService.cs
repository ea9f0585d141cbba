using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Reflection.V1;
using Alpha = Grpc.Reflection.V1Alpha;

namespace Retention.Transport;

/// <summary>
/// grpc.reflection: describes the services that it is given, and itself. v1alpha has the bytes of v1, so one
/// index answers both.
/// </summary>
public static class ReflectionServices
{
    private const string Method = "ServerReflectionInfo";

    /// <summary>The services to map beside <paramref name="services"/>.</summary>
    public static IReadOnlyList<IRpcService> For(IEnumerable<IRpcService> services)
    {
        var index = new DescriptorIndex(
            [.. services.Select(service => service.Descriptor), ReflectionV1.Service, ReflectionV1Alpha.Service]);
        return [new ReflectionV1(index), new ReflectionV1Alpha(index)];
    }

    private sealed class ReflectionV1(DescriptorIndex index) : IRpcService
    {
        public static ServiceDescriptor Service => Grpc.Reflection.V1.ReflectionReflection.Descriptor.Services[0];

        public ServiceDescriptor Descriptor => Service;

        public void Bind(RpcMethods methods) =>
            methods.Duplex<ServerReflectionRequest, ServerReflectionResponse>(Method, Answer);

        private async Task Answer(
            RpcReader<ServerReflectionRequest> questions, RpcWriter<ServerReflectionResponse> answers, CallContext call)
        {
            while (await questions.MoveNext()) await answers.Write(index.Answer(questions.Current));
        }
    }

    private sealed class ReflectionV1Alpha(DescriptorIndex index) : IRpcService
    {
        public static ServiceDescriptor Service => Alpha.ReflectionReflection.Descriptor.Services[0];

        public ServiceDescriptor Descriptor => Service;

        public void Bind(RpcMethods methods) =>
            methods.Duplex<Alpha.ServerReflectionRequest, Alpha.ServerReflectionResponse>(Method, Answer);

        private async Task Answer(
            RpcReader<Alpha.ServerReflectionRequest> questions,
            RpcWriter<Alpha.ServerReflectionResponse> answers,
            CallContext call)
        {
            while (await questions.MoveNext())
            {
                var question = ServerReflectionRequest.Parser.ParseFrom(questions.Current.ToByteArray());
                var answer = index.Answer(question).ToByteArray();
                await answers.Write(Alpha.ServerReflectionResponse.Parser.ParseFrom(answer));
            }
        }
    }
}
