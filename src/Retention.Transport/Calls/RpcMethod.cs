using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Retention.Transport.Wire;

namespace Retention.Transport.Calls;

/// <summary>One rpc that is bound: everything a call needs that does not change from call to call.</summary>
internal abstract class RpcMethod(MethodDescriptor descriptor, RpcRuntime runtime)
{
    public MethodDescriptor Descriptor { get; } = descriptor;

    public RpcRuntime Runtime { get; } = runtime;

    /// <summary>"pkg.Service/Method", the name in metrics and spans.</summary>
    public string Name { get; } = $"{descriptor.Service.FullName}/{descriptor.Name}";

    public string Path => "/" + Name;

    public int MessageLimit { get; } = runtime.Options.MessageLimit(descriptor);

    public bool IsUnary { get; } = !descriptor.IsClientStreaming && !descriptor.IsServerStreaming;

    public TimeSpan MaxDuration { get; } = descriptor.IsClientStreaming || descriptor.IsServerStreaming
        ? runtime.Options.MaxStreamDuration
        : runtime.Options.MaxUnaryDuration;

    public MessageShape RequestShape { get; } = MessageShape.Of(descriptor.InputType);

    public abstract Task Invoke(HttpContext http, RpcProtocol protocol);
}

/// <summary>The same, with the message types known.</summary>
internal abstract class RpcMethod<TRequest, TResponse>(MethodDescriptor descriptor, RpcRuntime runtime)
    : RpcMethod(descriptor, runtime)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    /// <summary>Unknown fields are dropped: nothing is passed on, and kept they would cost memory.</summary>
    protected MessageParser<TRequest> Parser { get; } =
        ((MessageParser<TRequest>)descriptor.InputType.Parser).WithDiscardUnknownFields(true);

    public override async Task Invoke(HttpContext http, RpcProtocol protocol)
    {
        var call = new CallContext(http, this, protocol);
        try
        {
            call.Start();
            var authentication = Runtime.Authenticator(Descriptor, call);
            if (!authentication.IsCompletedSuccessfully)
            {
                call.Arm();
                await authentication;
            }

            await Run(call);
        }
        catch (Exception error)
        {
            await call.Fail(error);
        }
        finally
        {
            await call.Finish();
        }
    }

    protected abstract ValueTask Run(CallContext call);
}
