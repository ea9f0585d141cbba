using Google.Protobuf.Reflection;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Answers what the way to the server costs; touches no grain.</summary>
public sealed class DiagnosticsService : IRpcService
{
    public ServiceDescriptor Descriptor => DiagnosticsServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods.Unary<EchoRequest, EchoResponse>(nameof(Echo), Echo);

    private static ValueTask<EchoResponse> Echo(EchoRequest request, CallContext call) =>
        ValueTask.FromResult(new EchoResponse { Payload = request.Payload });
}
