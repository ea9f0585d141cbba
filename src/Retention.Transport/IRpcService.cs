using Google.Protobuf.Reflection;

namespace Retention.Transport;

/// <summary>One gRPC service: its descriptor and a method for each of its rpcs.</summary>
public interface IRpcService
{
    ServiceDescriptor Descriptor { get; }

    /// <summary>Binds every rpc of <see cref="Descriptor"/>; one left out stops the server at start.</summary>
    void Bind(RpcMethods methods);
}
