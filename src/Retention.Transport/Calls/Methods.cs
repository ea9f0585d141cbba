using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Retention.Transport.Calls;

internal sealed class UnaryMethod<TRequest, TResponse>(
    MethodDescriptor descriptor, RpcRuntime runtime, Func<TRequest, CallContext, ValueTask<TResponse>> method)
    : RpcMethod<TRequest, TResponse>(descriptor, runtime)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    protected override async ValueTask Run(CallContext call)
    {
        var reading = call.ReadSingle(Parser);
        var request = reading.IsCompletedSuccessfully ? reading.Result : await reading;
        if (call.TryEnterShare() is { } refusal)
        {
            await call.Fail(refusal);
            return;
        }

        var answering = method(request, call);
        if (!answering.IsCompleted) call.Arm();
        await call.Succeed(await answering);
    }
}

internal sealed class ServerStreamingMethod<TRequest, TResponse>(
    MethodDescriptor descriptor, RpcRuntime runtime, Func<TRequest, RpcWriter<TResponse>, CallContext, Task> method)
    : RpcMethod<TRequest, TResponse>(descriptor, runtime)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    protected override async ValueTask Run(CallContext call)
    {
        call.StartStream();
        var request = await call.ReadSingle(Parser);
        await method(request, new RpcWriter<TResponse>(call), call);
        await call.Succeed();
    }
}

internal sealed class ClientStreamingMethod<TRequest, TResponse>(
    MethodDescriptor descriptor,
    RpcRuntime runtime,
    Func<RpcReader<TRequest>, CallContext, ValueTask<TResponse>> method)
    : RpcMethod<TRequest, TResponse>(descriptor, runtime)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    protected override async ValueTask Run(CallContext call)
    {
        call.StartStream();
        var response = await method(new RpcReader<TRequest>(call, Parser), call);
        await call.Succeed(response);
    }
}

internal sealed class DuplexMethod<TRequest, TResponse>(
    MethodDescriptor descriptor,
    RpcRuntime runtime,
    Func<RpcReader<TRequest>, RpcWriter<TResponse>, CallContext, Task> method)
    : RpcMethod<TRequest, TResponse>(descriptor, runtime)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    protected override async ValueTask Run(CallContext call)
    {
        call.StartStream();
        await method(new RpcReader<TRequest>(call, Parser), new RpcWriter<TResponse>(call), call);
        await call.Succeed();
    }
}
