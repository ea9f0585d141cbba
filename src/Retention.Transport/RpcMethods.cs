using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Transport.Calls;

namespace Retention.Transport;

/// <summary>
/// Collects the methods of one service and checks them against its descriptor: names, message types, streaming.
/// All faults of a service are told at once, each naming its rpc.
/// </summary>
public sealed class RpcMethods
{
    private readonly ServiceDescriptor _service;
    private readonly RpcRuntime _runtime;
    private readonly Dictionary<string, RpcMethod> _bound = [];
    private readonly HashSet<string> _named = [];
    private readonly List<string> _faults = [];

    internal RpcMethods(ServiceDescriptor service, RpcRuntime runtime)
    {
        _service = service;
        _runtime = runtime;
    }

    public RpcMethods Unary<TRequest, TResponse>(
        string name, Func<TRequest, CallContext, ValueTask<TResponse>> method)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Add<TRequest, TResponse>(name, false, false,
            rpc => new UnaryMethod<TRequest, TResponse>(rpc, _runtime, method));

    public RpcMethods ServerStreaming<TRequest, TResponse>(
        string name, Func<TRequest, RpcWriter<TResponse>, CallContext, Task> method)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Add<TRequest, TResponse>(name, false, true,
            rpc => new ServerStreamingMethod<TRequest, TResponse>(rpc, _runtime, method));

    public RpcMethods ClientStreaming<TRequest, TResponse>(
        string name, Func<RpcReader<TRequest>, CallContext, ValueTask<TResponse>> method)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Add<TRequest, TResponse>(name, true, false,
            rpc => new ClientStreamingMethod<TRequest, TResponse>(rpc, _runtime, method));

    public RpcMethods Duplex<TRequest, TResponse>(
        string name, Func<RpcReader<TRequest>, RpcWriter<TResponse>, CallContext, Task> method)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Add<TRequest, TResponse>(name, true, true,
            rpc => new DuplexMethod<TRequest, TResponse>(rpc, _runtime, method));

    internal static List<RpcMethod> Collect(IEnumerable<IRpcService> services, RpcRuntime runtime)
    {
        var faults = new List<string>();
        var methods = new List<RpcMethod>();
        var names = new HashSet<string>();
        foreach (var service in services)
        {
            var binding = new RpcMethods(service.Descriptor, runtime);
            if (!names.Add(service.Descriptor.FullName)) faults.Add($"{service.Descriptor.FullName} is bound twice");
            service.Bind(binding);
            faults.AddRange(binding.Faults());
            methods.AddRange(binding._bound.Values);
        }

        return faults.Count == 0
            ? methods
            : throw new InvalidOperationException($"The server cannot start: {string.Join("; ", faults)}.");
    }

    private IEnumerable<string> Faults() => _faults.Concat(
        _service.Methods.Where(rpc => !_named.Contains(rpc.Name)).Select(rpc => $"{rpc.FullName} has no method"));

    private RpcMethods Add<TRequest, TResponse>(
        string name, bool clientStreams, bool serverStreams, Func<MethodDescriptor, RpcMethod> create)
    {
        var full = $"{_service.FullName}.{name}";
        var rpc = _service.FindMethodByName(name);
        if (rpc is null)
        {
            _faults.Add($"{full} is bound but stands in no descriptor");
            return this;
        }

        var fault = _named.Add(name)
            ? Mismatch<TRequest, TResponse>(rpc, clientStreams, serverStreams)
            : $"{full} is bound twice";
        if (fault is null) _bound.Add(name, create(rpc));
        else _faults.Add(fault);
        return this;
    }

    private static string? Mismatch<TRequest, TResponse>(MethodDescriptor rpc, bool clientStreams, bool serverStreams)
    {
        if (rpc.IsClientStreaming != clientStreams || rpc.IsServerStreaming != serverStreams)
        {
            return $"{rpc.FullName} is {Kind(rpc.IsClientStreaming, rpc.IsServerStreaming)} " +
                $"but bound as {Kind(clientStreams, serverStreams)}";
        }

        if (rpc.InputType.ClrType != typeof(TRequest))
        {
            return $"{rpc.FullName} takes {rpc.InputType.FullName} but is bound to {typeof(TRequest).FullName}";
        }

        return rpc.OutputType.ClrType == typeof(TResponse)
            ? null
            : $"{rpc.FullName} returns {rpc.OutputType.FullName} but is bound to {typeof(TResponse).FullName}";
    }

    private static string Kind(bool clientStreams, bool serverStreams) => (clientStreams, serverStreams) switch
    {
        (false, false) => "unary",
        (false, true) => "server streaming",
        (true, false) => "client streaming",
        _ => "bidirectional streaming",
    };
}
