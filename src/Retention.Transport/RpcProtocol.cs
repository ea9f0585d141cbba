namespace Retention.Transport;

/// <summary>How a call came in. Methods behave the same in all of them.</summary>
public enum RpcProtocol
{
    Grpc,
    GrpcWeb,
    ConnectJson,
    ConnectProto,
}
