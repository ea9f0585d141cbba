using Google.Protobuf;
using Grpc.Testing;
using Retention.Transport;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Retention.Interop;

/// <summary>The server's side of gRPC's official interoperability cases.</summary>
public sealed class TestService : IRpcService
{
    private const string EchoHeader = "x-grpc-test-echo-initial";
    private const string EchoTrailer = "x-grpc-test-echo-trailing-bin";

    public ServiceDescriptor Descriptor => TestReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<Empty, Empty>(nameof(EmptyCall), EmptyCall)
        .Unary<SimpleRequest, SimpleResponse>(nameof(UnaryCall), UnaryCall)
        .Unary<SimpleRequest, SimpleResponse>("CacheableUnaryCall", UnaryCall)
        .ServerStreaming<StreamingOutputCallRequest, StreamingOutputCallResponse>(
            nameof(StreamingOutputCall), StreamingOutputCall)
        .ClientStreaming<StreamingInputCallRequest, StreamingInputCallResponse>(
            nameof(StreamingInputCall), StreamingInputCall)
        .Duplex<StreamingOutputCallRequest, StreamingOutputCallResponse>(nameof(FullDuplexCall), FullDuplexCall)
        .Duplex<StreamingOutputCallRequest, StreamingOutputCallResponse>(nameof(HalfDuplexCall), HalfDuplexCall)
        .Unary<Empty, Empty>(nameof(UnimplementedCall), UnimplementedCall);

    private static ValueTask<Empty> EmptyCall(Empty request, CallContext call) => ValueTask.FromResult(new Empty());

    private static ValueTask<Empty> UnimplementedCall(Empty request, CallContext call) =>
        throw new RpcFailure(RpcStatus.Unimplemented, "The method is not served.");

    private static ValueTask<SimpleResponse> UnaryCall(SimpleRequest request, CallContext call)
    {
        EchoMetadata(call);
        ExpectCompressed(request.ExpectCompressed, call);
        Answer(request.ResponseStatus);
        call.CompressReply = request.ResponseCompressed?.Value ?? false;
        return ValueTask.FromResult(new SimpleResponse { Payload = Zeros(request.ResponseSize) });
    }

    private static async Task StreamingOutputCall(
        StreamingOutputCallRequest request, RpcWriter<StreamingOutputCallResponse> responses, CallContext call)
    {
        EchoMetadata(call);
        await Send(request, responses, call);
        Answer(request.ResponseStatus);
    }

    private static async ValueTask<StreamingInputCallResponse> StreamingInputCall(
        RpcReader<StreamingInputCallRequest> requests, CallContext call)
    {
        var size = 0;
        while (await requests.MoveNext())
        {
            ExpectCompressed(requests.Current.ExpectCompressed, call);
            size += requests.Current.Payload?.Body.Length ?? 0;
        }

        return new StreamingInputCallResponse { AggregatedPayloadSize = size };
    }

    private static async Task FullDuplexCall(
        RpcReader<StreamingOutputCallRequest> requests,
        RpcWriter<StreamingOutputCallResponse> responses,
        CallContext call)
    {
        EchoMetadata(call);
        while (await requests.MoveNext())
        {
            var request = requests.Current;
            Answer(request.ResponseStatus);
            await Send(request, responses, call);
        }
    }

    private static async Task HalfDuplexCall(
        RpcReader<StreamingOutputCallRequest> requests,
        RpcWriter<StreamingOutputCallResponse> responses,
        CallContext call)
    {
        var all = new List<StreamingOutputCallRequest>();
        while (await requests.MoveNext()) all.Add(requests.Current);
        foreach (var request in all) await Send(request, responses, call);
    }

    private static async Task Send(
        StreamingOutputCallRequest request, RpcWriter<StreamingOutputCallResponse> responses, CallContext call)
    {
        foreach (var wanted in request.ResponseParameters)
        {
            if (wanted.IntervalUs > 0)
            {
                await Task.Delay(TimeSpan.FromMicroseconds(wanted.IntervalUs), call.Cancellation);
            }

            call.CompressReply = wanted.Compressed?.Value ?? false;
            await responses.Write(new StreamingOutputCallResponse { Payload = Zeros(wanted.Size) });
        }
    }

    private static void EchoMetadata(CallContext call)
    {
        foreach (var value in call.RequestHeaders[EchoHeader]) call.AddResponseHeader(EchoHeader, value ?? "");
        foreach (var value in call.BinaryHeader(EchoTrailer)) call.AddTrailer(EchoTrailer, value);
    }

    private static void ExpectCompressed(BoolValue? expected, CallContext call)
    {
        if (expected is null || expected.Value == call.IsRequestCompressed) return;
        throw new RpcFailure(RpcStatus.InvalidArgument, "The message is not compressed as it says.");
    }

    private static void Answer(EchoStatus? status)
    {
        if (status is { Code: not 0 }) throw new RpcFailure((RpcStatus)status.Code, status.Message);
    }

    private static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };
}
