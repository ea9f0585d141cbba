using Google.Protobuf.Reflection;
using Grpc.Testing;

namespace Retention.Transport.Tests.Support;

/// <summary>The test service with methods that each test writes itself.</summary>
internal sealed class ScriptedService : IRpcService
{
    public Func<SimpleRequest, CallContext, ValueTask<SimpleResponse>> Unary { get; init; } =
        (request, _) => ValueTask.FromResult(new SimpleResponse { Username = request.ResponseStatus?.Message ?? "" });

    public Func<StreamingOutputCallRequest, RpcWriter<StreamingOutputCallResponse>, CallContext, Task> ServerStream
    {
        get;
        init;
    } = (_, _, _) => Task.CompletedTask;

    public Func<RpcReader<StreamingInputCallRequest>, CallContext, ValueTask<StreamingInputCallResponse>> ClientStream
    {
        get;
        init;
    } = async (requests, _) =>
    {
        var size = 0;
        while (await requests.MoveNext()) size += requests.Current.Payload?.Body.Length ?? 0;
        return new StreamingInputCallResponse { AggregatedPayloadSize = size };
    };

    public Func<RpcReader<StreamingOutputCallRequest>, RpcWriter<StreamingOutputCallResponse>, CallContext, Task> Duplex
    {
        get;
        init;
    } = async (requests, responses, _) =>
    {
        while (await requests.MoveNext()) await responses.Write(new StreamingOutputCallResponse());
    };

    public ServiceDescriptor Descriptor => TestReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<Empty, Empty>("EmptyCall", (_, _) => ValueTask.FromResult(new Empty()))
        .Unary("UnaryCall", Unary)
        .Unary("CacheableUnaryCall", Unary)
        .ServerStreaming("StreamingOutputCall", ServerStream)
        .ClientStreaming("StreamingInputCall", ClientStream)
        .Duplex("FullDuplexCall", Duplex)
        .Duplex("HalfDuplexCall", Duplex)
        .Unary<Empty, Empty>("UnimplementedCall", (_, _) => throw new RpcFailure(RpcStatus.Unimplemented, "Not here."));
}
